/** Writes trained embeddings as `snapshot build` reads them. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeLines } from '../base/write-lines.ts';
import { writeNpy } from '../base/write-npy.ts';
import type { TrainedEmbeddings } from './train-embeddings.ts';

/** Keyword vectors are text: six decimals move a similarity by less than 1e-5. */
const VECTOR_DECIMALS = 6;

export interface EmbeddingFiles {
  /** Rows in the order of the shops that were trained. */
  readonly shopVectors: string;
  /** `keyword, count, vector`, the most searched first; undefined if no keyword was learned. */
  readonly keywordVectors: string | undefined;
  readonly modelCard: string;
}

/** Writes the files into `directory`, which is made if it is not there. Files of these names are replaced. */
export function writeEmbeddings(
  trained: TrainedEmbeddings,
  modelCard: { readonly [name: string]: unknown },
  directory: string,
): EmbeddingFiles {
  const files = {
    shopVectors: join(directory, 'shops.npy'),
    keywordVectors: join(directory, 'keywords.ndjson'),
    modelCard: join(directory, 'model-card.json'),
  };
  mkdirSync(directory, { recursive: true });
  writeNpy(files.shopVectors, trained.shopVectors, trained.dimensions);
  writeFileSync(files.modelCard, `${JSON.stringify(modelCard, null, 2)}\n`);
  if (trained.keywords.length > 0) {
    writeLines(files.keywordVectors, keywordLines(trained));
    return files;
  }
  rmSync(files.keywordVectors, { force: true }); // of an earlier training: it would not fit
  return { ...files, keywordVectors: undefined };
}

function* keywordLines(trained: TrainedEmbeddings): Generator<string> {
  const { keywords, keywordCounts, keywordVectors, dimensions } = trained;
  for (const [i, keyword] of keywords.entries()) {
    const row = keywordVectors.subarray(i * dimensions, (i + 1) * dimensions);
    const vector = Array.from(row, (value) => Number(value.toFixed(VECTOR_DECIMALS)));
    yield JSON.stringify({ keyword, count: keywordCounts[i], vector });
  }
}
