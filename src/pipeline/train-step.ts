/** The step that learns embeddings from the beginning of a log. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionLog } from '../training/action-log.ts';
import { trainEmbeddings, type TrainingReport } from '../training/train-embeddings.ts';
import type { TrainingProgress } from '../training/train-in-threads.ts';
import type { TrainingOptions } from '../training/training-options.ts';
import type { TrainingShop } from '../training/training-shop.ts';
import { writeEmbeddings } from '../training/write-embeddings.ts';

/** Embeddings on disk, as a build takes them. */
export interface EmbeddingOutput {
  readonly shopVectors: string;
  /** Undefined if no keyword was learned. */
  readonly keywordVectors: string | undefined;
  readonly report: TrainingReport;
}

/** Writes what was learned from `log` into `directory`. */
export async function writeTraining(
  log: ActionLog,
  shops: readonly TrainingShop[],
  options: TrainingOptions,
  onProgress: (progress: TrainingProgress) => void,
  directory: string,
): Promise<void> {
  const trained = await trainEmbeddings(log, shops, options, onProgress);
  writeEmbeddings(trained, { ...trained.report }, directory);
}

/** What `writeTraining` wrote. */
export function embeddingsIn(directory: string): EmbeddingOutput {
  const keywordVectors = join(directory, 'keywords.ndjson');
  return {
    shopVectors: join(directory, 'shops.npy'),
    keywordVectors: existsSync(keywordVectors) ? keywordVectors : undefined,
    report: JSON.parse(readFileSync(join(directory, 'model-card.json'), 'utf8')) as TrainingReport,
  };
}
