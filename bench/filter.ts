/**
 * What a filter costs the whole line, or saves it: `engine.recommend` with reasons on the calling thread, without a
 * filter and with filters that keep 30, 5 and 1 of 100 candidates by a number, by the beginning of a text, by a value
 * of a list, by either of three conditions; and with one that keeps all, which is what filtering alone costs.
 * 100,000 shops, 128 dimensions, cosine; about 200, 2,000 and 20,000 candidates; no action (by popularity), 1 and 5;
 * the best 1,000 of each take part in the fusion; 16 requests in turn. The single action is a search, so
 * `nearViewed` restricts nothing but with 5.
 */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Random } from '../src/base/random.ts';
import { openEngine, type Engine, type RecommendRequest } from '../src/index.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { builtTown, openTown, townInputs } from './bench-town.ts';
import { buildInChild } from './build-in-child.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const ACTION_COUNTS = [0, 1, 5];
const DEPTH = 1_000;
const LIMIT = 20;
const VERSION = 'filtered';

type Filter = RecommendRequest['filter'];

/** Of the attributes below; the names say how many of 100 candidates pass. */
const FILTERS: Readonly<Record<string, Filter>> = {
  'no filter': undefined,
  '30 of 100': { share: { max: 0.3 } },
  '5 of 100': { share: { max: 0.05 } },
  '1 of 100': { share: { max: 0.01 } },
  'prefix, 10': { label: { prefix: '7' } },
  'contains, 30': { tags: { contains: 'common' } },
  'contains, 1': { tags: { contains: 'rare' } },
  'or of three, 5': {
    or: [{ share: { max: 0.03 } }, { label: { prefix: '77' } }, { tags: { contains: 'rare' } }],
  },
  'not, in and or, 4': {
    not: { or: [{ share: { min: 0.2 } }, { tags: { contains: 'common' } }] },
    category: { in: ['chinese', 'korean', 'chicken', 'pizza', 'noodles'] },
  },
  nearViewed: { price: { nearViewed: 0.3 } },
  all: { share: { min: 0 } },
};

export const filterBench: Bench = {
  name: 'filter',
  title: `whole line with and without a filter, ${SHOP_COUNT} shops × ${DIMENSIONS}, C candidates before it, N actions`,
  seed: SEED,
  async run() {
    const generation = openTown(
      await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS }),
    );
    const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    try {
      return await measureAll(generation, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function measureAll(generation: Generation, directory: string): Promise<ResultRow[]> {
  const store = await buildFilterable(generation, directory);
  const engine = await openEngine({ store, data: path.join(directory, 'data'), threads: 0, storePollMs: 0 });
  try {
    const rows: ResultRow[] = [];
    for (const candidateCount of CANDIDATE_COUNTS) {
      for (const actionCount of ACTION_COUNTS) {
        const terms = { candidateCount, actionCount, depth: DEPTH, limit: LIMIT };
        rows.push(...(await measureFilters(engine, benchRequests(generation, SEED, terms), actionCount)));
      }
    }
    return rows;
  } finally {
    await engine.close();
  }
}

/** The bench town again, its shops with attributes of which it is known how many shops have what. */
async function buildFilterable(generation: Generation, directory: string): Promise<string> {
  const inputs = await townInputs({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
  const shops = path.join(directory, 'shops.ndjson');
  const random = new Random(SEED);
  const file = openSync(shops, 'w');
  for (let row = 0; row < SHOP_COUNT; row++) {
    // Ids count the rows of the town's files, which its vectors follow.
    const { attributes, ...shop } = generation.catalog.record(generation.catalog.ids.ordinalOf(`s${row}`));
    writeSync(file, `${JSON.stringify({ ...shop, ...attributes, ...filterable(random) })}\n`);
  }
  closeSync(file);
  const store = path.join(directory, 'store');
  await buildInChild({ ...inputs, shops }, store, VERSION);
  SnapshotStore.open(store).activate(VERSION);
  return store;
}

function filterable(random: Random): object {
  const tags = Array.from({ length: random.below(6) }, () => `tag ${random.below(40)}`);
  if (random.unit() < 0.3) tags.push('common');
  if (random.unit() < 0.01) tags.push('rare');
  return { share: random.unit(), label: String(random.below(10_000)).padStart(4, '0'), tags };
}

async function measureFilters(
  engine: Engine,
  requests: readonly BenchRequest[],
  N: number,
): Promise<ResultRow[]> {
  const names = Object.keys(FILTERS);
  const ask = (name: string) => (request: BenchRequest) =>
    engine.recommend({ ...request, ...(FILTERS[name] && { filter: FILTERS[name] }) });
  const kept = await Promise.all(names.map((name) => candidateCount(ask(name), requests)));
  const C = kept[0]!;
  kept.forEach((count, i) => assert(count <= C, `${names[i]} keeps more than there is`));
  assert.equal(kept.at(-1), C);
  const timings = await timeInTurn(names.map((name) => inTurn(name, requests, ask(name), { async: true })));
  return names.map((name, i) => ({
    terms: { C, N },
    subject: name,
    timing: timings[i]!,
    facts: { kept: kept[i]!, 'min ratio': timings[i]!.minMs / timings[0]!.minMs },
  }));
}

/** Of a request, on average. */
async function candidateCount(
  ask: (request: BenchRequest) => ReturnType<Engine['recommend']>,
  requests: readonly BenchRequest[],
): Promise<number> {
  const answers = await Promise.all(requests.map(ask));
  return Math.round(answers.reduce((sum, answer) => sum + answer.candidateCount, 0) / requests.length);
}
