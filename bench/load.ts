/**
 * Recommendations over HTTP under an open-loop load: a real `doorrank serve` without worker threads on one core, the
 * generator in a process of its own on another. 100,000 shops, 128 dimensions, cosine, about 2,000 candidates, 5 actions,
 * 20 shops with reasons, 16 requests in turn, the best 100 and 1,000 of each action in the fusion.
 *
 * A rate is sustained if every request of a run is answered and p99 stays under 20 ms: a queue that grows passes that
 * within a run. The highest such rate is found by halving. Latencies tell of the machine as it is, with all else that
 * runs on it; the processor time of a request tells what the server would do on a core of its own.
 */
import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { builtTown, openTown } from './bench-town.ts';
import type { Load, LoadResult } from './load-generator.ts';
import { benchRequests } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const CANDIDATE_COUNT = 2_000;
const ACTION_COUNT = 5;
const DEPTHS = [100, 1_000];
const LIMIT = 20;
const CONNECTION_COUNT = 64;
/** What one core is to sustain. */
const TARGET_PER_SECOND = 3_000;
/** The part of a rate at which latencies are told: a server is not run at its limit. */
const SHARE = 0.7;
const P99_MS_MAX = 20;
const RATE_MAX = 8_000;
const SEARCH_MS = 1_000;
const MEASURE_MS = 4_000;
const WARM_UP = { requestsPerSecond: 500, durationMs: 2_000 };

export const loadBench: Bench = {
  name: 'load',
  title: `POST /v1/recommendations on one core, ${SHOP_COUNT} shops × ${DIMENSIONS}, open loop, latency from when due`,
  seed: SEED,
  async run() {
    const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
    const generation = openTown(town);
    const server = await Server.start(town.storeDirectory);
    const generator = fork(new URL('./load-generator-entry.ts', import.meta.url), [], { execArgv: [] });
    pin(generator, availableParallelism() - 1);
    try {
      const rows: ResultRow[] = [];
      for (const depth of DEPTHS) {
        const terms = { candidateCount: CANDIDATE_COUNT, actionCount: ACTION_COUNT, depth, limit: LIMIT };
        const bodies = benchRequests(generation, SEED, terms).map((request) => JSON.stringify(request));
        const run = (rate: { requestsPerSecond: number; durationMs: number }) =>
          runLoad(generator, {
            port: server.port,
            path: '/v1/recommendations',
            bodies,
            seed: SEED,
            connectionCount: CONNECTION_COUNT,
            ...rate,
          });
        await run(WARM_UP);
        const highest = await highestRate(run);
        const measured = async (subject: string, requestsPerSecond: number): Promise<ResultRow> => {
          const cpuBeforeMs = server.cpuMs();
          const { timing, failedCount } = await run({ requestsPerSecond, durationMs: MEASURE_MS });
          const cpuMs = (server.cpuMs() - cpuBeforeMs) / timing.sampleCount;
          return {
            terms: { C: CANDIDATE_COUNT, N: ACTION_COUNT, depth },
            subject,
            timing,
            facts: { 'requests/s': requestsPerSecond, failed: failedCount, 'server ms/request': cpuMs },
          };
        };
        rows.push(
          await measured('highest sustained', highest),
          await measured(`${SHARE} of it`, SHARE * highest),
          await measured(`${SHARE} of ${TARGET_PER_SECOND}`, SHARE * TARGET_PER_SECOND),
        );
      }
      return rows;
    } finally {
      generator.disconnect();
      await server.stop();
    }
  },
};

/** The highest rate that is sustained, to two per cent. */
async function highestRate(
  run: (rate: { requestsPerSecond: number; durationMs: number }) => Promise<LoadResult>,
): Promise<number> {
  let low = 0;
  let high = RATE_MAX;
  while (high - low > Math.max(50, 0.02 * low)) {
    const requestsPerSecond = (low + high) / 2;
    const { timing, failedCount } = await run({ requestsPerSecond, durationMs: SEARCH_MS });
    if (failedCount === 0 && timing.p99Ms < P99_MS_MAX) low = requestsPerSecond;
    else high = requestsPerSecond;
  }
  return Math.round(low);
}

async function runLoad(generator: ChildProcess, load: Load): Promise<LoadResult> {
  generator.send(load);
  const [result] = await once(generator, 'message');
  return result as LoadResult;
}

/** A `doorrank serve` of this checkout on a free port, without worker threads. */
class Server {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #data: string;

  private constructor(port: number, process: ChildProcess, data: string) {
    this.port = port;
    this.#process = process;
    this.#data = data;
  }

  static async start(storeDirectory: string): Promise<Server> {
    const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    const launcher = path.join(import.meta.dirname, '../src/cli/doorrank.js');
    const settings = { store: storeDirectory, data, port: 0, threads: 0, 'store-poll-ms': 0 };
    const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = spawn(process.execPath, [launcher, 'serve', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    pin(server, 0);
    const listening = /http:\/\/127\.0\.0\.1:(\d+)/;
    const port = await new Promise<number>((resolve, reject) => {
      server.on('exit', () => reject(new Error('the server ended before it listened')));
      server.stderr.setEncoding('utf8').on('data', (line: string) => {
        const found = listening.exec(line);
        if (found !== null) resolve(Number(found[1]));
      });
    });
    return new Server(port, server, data);
  }

  /** Processor time of its main thread so far; 0 where nobody counts it. */
  cpuMs(): number {
    try {
      return Number(readFileSync(`/proc/${this.#process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
    } catch {
      return 0;
    }
  }

  async stop(): Promise<void> {
    this.#process.kill();
    await once(this.#process, 'exit');
    rmSync(this.#data, { recursive: true, force: true });
  }
}

/** Keeps a process on one core where the system has `taskset`; elsewhere the scheduler places it. */
function pin({ pid }: ChildProcess, core: number): void {
  spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)]);
}
