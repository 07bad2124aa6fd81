/** Writes trained embeddings as `snapshot build` reads them. */
import { join } from 'node:path';
import { makeDirectory } from '../base/make-directory.ts';
import { replaceTogether } from '../base/replace-together.ts';
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

const NAMES = { shopVectors: 'shops.npy', keywordVectors: 'keywords.ndjson', modelCard: 'model-card.json' };

/**
 * Writes the files into `directory`, which is made if it is not there. Files of these names are replaced together: where the
 * model card is there, the others are those it speaks of.
 */
export function writeEmbeddings(
  trained: TrainedEmbeddings,
  modelCard: { readonly [name: string]: unknown },
  directory: string,
): EmbeddingFiles {
  const hasKeywords = trained.keywords.length > 0;
  makeDirectory(directory);
  replaceTogether(directory, [NAMES.shopVectors, NAMES.keywordVectors, NAMES.modelCard], (aside) => {
    writeNpy(join(aside, NAMES.shopVectors), trained.shopVectors, trained.dimensions);
    if (hasKeywords) writeLines(join(aside, NAMES.keywordVectors), keywordLines(trained));
    writeLines(join(aside, NAMES.modelCard), [JSON.stringify(modelCard, null, 2)]);
  });
  return {
    shopVectors: join(directory, NAMES.shopVectors),
    keywordVectors: hasKeywords ? join(directory, NAMES.keywordVectors) : undefined,
    modelCard: join(directory, NAMES.modelCard),
  };
}

function* keywordLines(trained: TrainedEmbeddings): Generator<string> {
  const { keywords, keywordCounts, keywordVectors, dimensions } = trained;
  for (const [i, keyword] of keywords.entries()) {
    const row = keywordVectors.subarray(i * dimensions, (i + 1) * dimensions);
    const vector = Array.from(row, (value) => Number(value.toFixed(VECTOR_DECIMALS)));
    yield JSON.stringify({ keyword, count: keywordCounts[i], vector });
  }
}
