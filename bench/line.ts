/**
 * The whole line, from a location and actions to 20 fused shops: `engine.recommend` on the calling thread, with and
 * without reasons, against plain JavaScript loops, checked to return the same shops with the same scores.
 * 100,000 shops, 128 dimensions, cosine; about 200, 2,000 and 20,000 candidates; 1, 5 and 10 actions; the best
 * 100 and 1,000 of each action take part in the fusion; 16 requests in turn.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEngine, type Engine } from '../src/index.ts';
import { builtTown, openTown } from './bench-town.ts';
import { JavaScriptLoops, type LoopsAnswer } from './javascript-loops.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const ACTION_COUNTS = [1, 5, 10];
/** The default of a request, and a tenth of it. */
const DEPTHS = [100, 1_000];
const LIMIT = 20;

export const lineBench: Bench = {
  name: 'line',
  title: `whole line, ${SHOP_COUNT} shops × ${DIMENSIONS}, from C candidates and N actions to ${LIMIT} shops`,
  seed: SEED,
  async run() {
    const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
    const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    const engine = await openEngine({ store: town.storeDirectory, data, threads: 0, storePollMs: 0 });
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
      return rows;
    } finally {
      await engine.close();
      rmSync(data, { recursive: true, force: true });
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
  const timings = await timeInTurn(subjects);
  return subjects.map(({ name }, i) => ({
    terms: { C, N: actions.length, depth: fusion.depth },
    subject: name,
    timing: timings[i]!,
  }));
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
