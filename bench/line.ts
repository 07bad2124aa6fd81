/**
 * The whole line, from a location and actions to 20 fused shops: `engine.recommend` on the calling thread, with and
 * without reasons, against plain JavaScript loops, checked to return the same shops with the same scores.
 * 100,000 shops, 128 dimensions, cosine; about 200, 2,000 and 20,000 candidates; 1, 5 and 10 actions; the best
 * 100 and 1,000 of each action take part in the fusion; 16 requests in turn. Then the same with filters that keep
 * some 30 % and 5 % of the candidates, against none.
 * `garbage` is what a request leaves to the garbage collector: the bytes that V8 counts as allocated by this thread.
 */
import assert from 'node:assert/strict';
import { getHeapStatistics } from 'node:v8';
import type { Engine } from '../src/index.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { BenchEngine } from './bench-engine.ts';
import { builtTown, openTown } from './bench-town.ts';
import { JavaScriptLoops, type LoopsAnswer } from './javascript-loops.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, type Subject } from './timing.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const ACTION_COUNTS = [1, 5, 10];
/** The default of a request, and a tenth of it. */
const DEPTHS = [100, 1_000];
const LIMIT = 20;
const FILTERED_CANDIDATE_COUNTS = [2_000, 20_000];
const FILTERED = { actionCount: 5, depth: 100, limit: LIMIT };
/** Percent of all shops that a filter keeps. */
const KEPT_PERCENTS = [30, 5];
const GARBAGE_REQUEST_COUNT = 48;

export const lineBench: Bench = {
  name: 'line',
  title: `whole line, ${SHOP_COUNT} shops × ${DIMENSIONS}, from C candidates and N actions to ${LIMIT} shops`,
  seed: SEED,
  async run() {
    const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
    const opened = await BenchEngine.open(town.storeDirectory);
    const { engine } = opened;
    try {
      const generation = openTown(town);
      const loops = new JavaScriptLoops(generation);
      const rows: ResultRow[] = [];
      for (const candidateCount of CANDIDATE_COUNTS) {
        for (const actionCount of ACTION_COUNTS) {
          for (const depth of DEPTHS) {
            const terms = { candidateCount, actionCount, depth, limit: LIMIT };
            rows.push(...(await measureLine(engine, loops, benchRequests(generation, SEED, terms))));
          }
        }
      }
      for (const candidateCount of FILTERED_CANDIDATE_COUNTS) {
        const requests = benchRequests(generation, SEED, { candidateCount, ...FILTERED });
        rows.push(...(await measureFilters(engine, generation, requests)));
      }
      return rows;
    } finally {
      await opened.close();
    }
  },
};

async function measureLine(
  engine: Engine,
  loops: JavaScriptLoops,
  requests: readonly BenchRequest[],
): Promise<ResultRow[]> {
  const C = await checkSame(engine, loops, requests);
  const { actions, fusion } = requests[0]!;
  const ask = (explain: boolean) => (request: BenchRequest) => engine.recommend({ ...request, explain });
  const subjects = [
    inTurn('doorrank', requests, ask(false), { async: true }),
    inTurn('doorrank, with reasons', requests, ask(true), { async: true }),
    inTurn('JavaScript loops', requests, (request) => loops.recommend(request)),
  ];
  return timedRows({ C, N: actions.length, depth: fusion.depth }, subjects);
}

async function measureFilters(
  engine: Engine,
  generation: Generation,
  requests: readonly BenchRequest[],
): Promise<ResultRow[]> {
  const { header, catalog } = generation;
  const prices = Float64Array.from(
    { length: header.shopCount },
    (_, ordinal) => catalog.record(ordinal).price!,
  ).sort();
  const { candidateCount: C } = await engine.recommend(requests[0]!);
  const subjects = [
    inTurn('no filter', requests, (request) => engine.recommend(request), { async: true }),
    ...KEPT_PERCENTS.map((percent) => {
      const filter = { price: { max: prices[Math.floor((prices.length * percent) / 100)]! } };
      const ask = (request: BenchRequest) => engine.recommend({ ...request, filter });
      return inTurn(`filter that keeps ${percent} %`, requests, ask, { async: true });
    }),
  ];
  const { actions, fusion } = requests[0]!;
  return timedRows({ C, N: actions.length, depth: fusion.depth, filtered: 'by price' }, subjects);
}

async function timedRows(terms: ResultRow['terms'], subjects: readonly Subject[]): Promise<ResultRow[]> {
  const timings = await timeInTurn(subjects);
  const rows: ResultRow[] = [];
  for (const [i, subject] of subjects.entries()) {
    const facts = { 'garbage KB': (await garbageBytes(subject)) / 1e3 };
    rows.push({ terms, subject: subject.name, timing: timings[i]!, facts });
  }
  return rows;
}

/** Bytes that one run allocates on the heap of this thread, on average. */
async function garbageBytes({ run }: Subject): Promise<number> {
  const before = getHeapStatistics().total_allocated_bytes;
  for (let i = 0; i < GARBAGE_REQUEST_COUNT; i++) await run();
  return (getHeapStatistics().total_allocated_bytes - before) / GARBAGE_REQUEST_COUNT;
}

/** Throws unless both answer every request alike; returns how many candidates a request has on average. */
async function checkSame(
  engine: Engine,
  loops: JavaScriptLoops,
  requests: readonly BenchRequest[],
): Promise<number> {
  const shown = (shops: LoopsAnswer | Awaited<ReturnType<Engine['recommend']>>['shops']) =>
    shops.map(({ shopId, score }) => ({ shopId, score }));
  let candidateCount = 0;
  for (const request of requests) {
    const answer = await engine.recommend(request);
    assert.equal(answer.basis, 'actions');
    assert.equal(answer.similarityCount, answer.candidateCount * request.actions.length);
    assert.deepEqual(shown(loops.recommend(request)), shown(answer.shops));
    candidateCount += answer.candidateCount;
  }
  return Math.round(candidateCount / requests.length);
}
