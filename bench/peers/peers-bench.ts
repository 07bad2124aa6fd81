/**
 * Doorrank against what people use instead, in one process on the same vectors, candidates and query vectors. A peer does the
 * similarities with selection alone: its candidates are given, and nothing is fused, explained or looked up. Two of
 * Doorrank's figures stand beside it: the same work (query vectors and candidates written where the kernel reads, float64
 * similarities), and the whole line from a location and actions to fused shops with reasons.
 * All peers are checked to rank the same shops before anything is timed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '../../src/base/log.ts';
import { validate } from '../../src/base/validate.ts';
import { openEngine, type Engine } from '../../src/index.ts';
import { Lane } from '../../src/kernel/lane.ts';
import { LinearMemory } from '../../src/kernel/linear-memory.ts';
import { norm } from '../../src/kernel/similarity.ts';
import { bestKernel } from '../../src/kernel/wasm-kernel.ts';
import { broughtActions } from '../../src/recommender/line-action.ts';
import { findQueryVectors } from '../../src/recommender/query-vectors.ts';
import { RecommendRequestSchema } from '../../src/recommender/request.ts';
import type { Generation } from '../../src/snapshot/generation.ts';
import { loadSnapshot } from '../../src/snapshot/open-snapshot.ts';
import { builtTown } from '../bench-town.ts';
import { JavaScriptLoops } from '../javascript-loops.ts';
import { benchRequests, inTurn, type BenchRequest } from '../requests.ts';
import type { Bench, ResultRow } from '../result.ts';
import { timeInTurn, type Rounds } from '../timing.ts';
import { openDuckDbPeers } from './duckdb-peer.ts';
import { javaScriptPeer } from './javascript-peer.ts';
import { openLanceDbPeers } from './lancedb-peer.ts';
import { installPeerPackages } from './peer-package.ts';
import type { OpenPeers, Peer, PeerRequest, PeerTown } from './peer.ts';
import { openPgvectorPeers } from './pgvector-peer.ts';
import { openSqliteVecPeers } from './sqlite-vec-peer.ts';
import { openUSearchPeers } from './usearch-peer.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const ACTION_COUNTS = [1, 5, 10];
const DEPTHS = [10, 100];
const LIMIT = 20;
const SCRATCH = {
  laneCount: 1,
  queryCountMax: Math.max(...ACTION_COUNTS),
  signalCountMax: 0,
  depthMax: Math.max(...DEPTHS),
  limitMax: LIMIT,
};
const ROUNDS: Rounds = { count: 6, roundMs: 30 };
/**
 * By how much the cosine at a place may differ from Doorrank's: peers rank by float32, where the order of cosines this
 * close is chance.
 */
const COSINE_SLACK = 1e-6;

const OPTIONAL_PEERS: Readonly<Record<string, OpenPeers>> = {
  usearch: openUSearchPeers,
  'sqlite-vec': openSqliteVecPeers,
  pgvector: openPgvectorPeers,
  DuckDB: openDuckDbPeers,
  LanceDB: openLanceDbPeers,
};

/** One request as the engine gets it and as the peers get it. */
interface Asked {
  readonly request: BenchRequest;
  readonly peerRequest: PeerRequest;
}

export const peersBench: Bench = {
  name: 'peers',
  title: `similarities with selection, ${SHOP_COUNT} shops × ${DIMENSIONS}, C candidates, N query vectors, best k of each`,
  seed: SEED,
  async run() {
    const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
    const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    const engine = await openEngine({ store: town.storeDirectory, data, threads: 0, storePollMs: 0 });
    const doorrank = new Doorrank(town.snapshot);
    const peers = await openPeers(doorrank.generation);
    try {
      const rows: ResultRow[] = [];
      for (const candidateCount of CANDIDATE_COUNTS) {
        for (const actionCount of ACTION_COUNTS) {
          for (const depth of DEPTHS) {
            const terms = { candidateCount, actionCount, depth, limit: Math.min(LIMIT, depth) };
            const requests = benchRequests(doorrank.generation, SEED, terms);
            rows.push(...(await measurePeers(engine, doorrank, peers, requests)));
          }
        }
      }
      return rows;
    } finally {
      for (const peer of peers) await peer.close?.();
      await engine.close();
      rmSync(data, { recursive: true, force: true });
    }
  },
};

/** Opens the peers that can run here; a line says why another cannot. */
async function openPeers(generation: Generation): Promise<readonly Peer[]> {
  const peers = [javaScriptPeer(new JavaScriptLoops(generation))];
  const town = peerTown(generation);
  installPeerPackages();
  for (const [name, open] of Object.entries(OPTIONAL_PEERS)) {
    try {
      peers.push(...(await open(town)));
    } catch (error) {
      // A refused connection has a code but no message.
      const { message, code } = error as NodeJS.ErrnoException;
      console.log(`${name} skipped: ${message || code}\n`);
    }
  }
  return peers;
}

async function measurePeers(
  engine: Engine,
  doorrank: Doorrank,
  peers: readonly Peer[],
  requests: readonly BenchRequest[],
): Promise<ResultRow[]> {
  const asked = requests.map((request) => ({ request, peerRequest: doorrank.peerRequest(request) }));
  for (const one of asked) await checkSame(engine, doorrank, peers, one);
  const subjects = [
    inTurn('doorrank', asked, ({ peerRequest }) => doorrank.rank(peerRequest)),
    inTurn('doorrank, whole line', asked, ({ request }) => engine.recommend(request), { async: true }),
    ...peers.map((peer) => inTurn(peer.name, asked, ({ peerRequest }) => peer.rank(peerRequest), peer)),
  ];
  const timings = await timeInTurn(subjects, ROUNDS);
  const candidateCount = asked.reduce((sum, { peerRequest }) => sum + peerRequest.candidates.length, 0);
  const C = Math.round(candidateCount / asked.length);
  const { queries, k } = asked[0]!.peerRequest;
  return subjects.map(({ name }, i) => ({
    terms: { C, N: queries.length, k },
    subject: name,
    timing: timings[i]!,
    facts: {
      'ns/pair': (timings[i]!.medianMs * 1e6) / (C * queries.length),
      'ratio to line': timings[i]!.medianMs / timings[1]!.medianMs,
    },
  }));
}

/** Throws unless the engine and every peer rank the same candidates by the same cosines. */
async function checkSame(
  engine: Engine,
  doorrank: Doorrank,
  peers: readonly Peer[],
  { request, peerRequest }: Asked,
): Promise<void> {
  const { candidates, queries, k } = peerRequest;
  const answer = await engine.recommend(request);
  assert.equal(answer.basis, 'actions');
  assert.equal(answer.candidateCount, candidates.length);
  assert.equal(answer.similarityCount, candidates.length * queries.length);
  const expected = doorrank.similarities(peerRequest);
  const allowed = new Set(candidates);
  for (const peer of peers) {
    const rankings = (await peer.rank(peerRequest))();
    assert.equal(rankings.length, queries.length, `${peer.name}: a ranking for each query vector`);
    rankings.forEach((ordinals, n) => {
      assert.equal(ordinals.length, Math.min(k, candidates.length), `${peer.name}: the best ${k}`);
      assert.equal(new Set(ordinals).size, ordinals.length, `${peer.name}: each shop once`);
      ordinals.forEach((ordinal, at) => {
        assert(allowed.has(ordinal), `${peer.name}: ordinal ${ordinal} is no candidate`);
        const off = Math.abs(doorrank.cosine(queries[n]!, ordinal) - expected[n]![at]!);
        assert(off <= COSINE_SLACK, `${peer.name}: cosine at place ${at} of ranking ${n} is off by ${off}`);
      });
    });
  }
}

/** A snapshot with one lane: the part of a request that the peers do too. */
class Doorrank {
  readonly generation: Generation;
  readonly #lane: Lane;

  constructor(snapshot: string) {
    const memory = new LinearMemory();
    const { generation, placement } = loadSnapshot(snapshot, undefined, memory, SCRATCH, 'auto', silentLog);
    this.generation = generation;
    this.#lane = new Lane(memory, bestKernel(memory), 0, placement.laneBytes);
  }

  /** The candidates and query vectors that `recommend` finds for a request. */
  peerRequest(asked: BenchRequest): PeerRequest {
    const { location, radiusMeters, actions, fusion, at } = asked;
    const { generation } = this;
    const candidates = new Uint32Array(generation.header.shopCount);
    const count = generation.reachTree.find(location, radiusMeters, candidates);
    const nowMs = Date.parse(at);
    const request = validate(RecommendRequestSchema, asked);
    const queries = findQueryVectors(generation, { request, actions: broughtActions(actions, nowMs), nowMs });
    return {
      candidates: candidates.slice(0, count),
      queries: queries.map(({ row }) => unit(row)),
      k: fusion.depth,
    };
  }

  rank({ candidates, queries, k }: PeerRequest): void {
    this.#lane.begin(candidates.length).set(candidates);
    this.#lane.setCandidateCount(candidates.length);
    this.#lane.setQueries(this.generation.table, 'cosine', queries.length);
    queries.forEach((query, n) => this.#lane.query(n).set(query));
    this.#lane.rank(k, true);
  }

  /** For each query vector the best `k` similarities. */
  similarities(request: PeerRequest): number[][] {
    this.rank(request);
    return request.queries.map((_, n) =>
      Array.from({ length: this.#lane.rankedCount(n) }, (_entry, at) => this.#lane.rankedSimilarity(n, at)),
    );
  }

  /** By plain float64 sums. */
  cosine(query: Float32Array, ordinal: number): number {
    const row = this.generation.shopRow(ordinal);
    const product = query.reduce((sum, value, i) => sum + value * row[i]!, 0);
    return product / (norm(query) * norm(row));
  }
}

function peerTown(generation: Generation): PeerTown {
  const { dimensions, shopCount } = generation.header;
  const unitRows = new Float32Array(shopCount * dimensions);
  for (let ordinal = 0; ordinal < shopCount; ordinal++) {
    unitRows.set(unit(generation.shopRow(ordinal)), ordinal * dimensions);
  }
  return { unitRows, dimensions, shopCount };
}

/** A copy of length 1. */
function unit(vector: Float32Array): Float32Array {
  const length = norm(vector);
  return vector.map((value) => value / length);
}
