/** Files of a training: what a new one does not have goes with the old one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ActionLogBuilder } from '../src/training/action-log.ts';
import { trainEmbeddings } from '../src/training/train-embeddings.ts';
import { writeEmbeddings } from '../src/training/write-embeddings.ts';
import { temporaryDirectory } from './cli-process.ts';

test('keywords of the training before are gone where the new one has none', async () => {
  const shops = ['s', 't'].map((shopId) => ({ shopId, lon: 1, lat: 2 }));
  const builder = new ActionLogBuilder();
  for (const userId of ['u', 'v']) {
    builder.add({ userId, type: 'search', keyword: 'k', atMs: 1e12 });
    for (const { shopId } of shops) builder.add({ userId, type: 'view', shopId, atMs: 1e12 });
  }
  const trained = await trainEmbeddings(builder.finish(), shops, { threads: 1, subsampling: 0 });
  const directory = join(temporaryDirectory(), 'trained');

  const { keywordVectors } = writeEmbeddings(trained, { run: 1 }, directory);
  expect(keywordVectors).toBe(join(directory, 'keywords.ndjson'));
  expect(readdirSync(directory).sort()).toEqual(['keywords.ndjson', 'model-card.json', 'shops.npy']);
  expect(JSON.parse(readFileSync(keywordVectors!, 'utf8'))).toMatchObject({ keyword: 'k', count: 2 });

  const without = { ...trained, keywords: [], keywordCounts: [], keywordVectors: new Float32Array() };
  expect(writeEmbeddings(without, { run: 2 }, directory).keywordVectors).toBe(undefined);
  expect(readdirSync(directory).sort()).toEqual(['model-card.json', 'shops.npy']);
  expect(JSON.parse(readFileSync(join(directory, 'model-card.json'), 'utf8'))).toEqual({ run: 2 });
});
