/** What `GET /metrics` tells Prometheus: requests as they were answered, the engine's own counts, the process. */
import { z } from 'zod';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine, EngineStats } from '../engine/engine.ts';
import type { Operation } from './operation.ts';
import { registerVersions } from './version-metrics.ts';

/** From a health check (0.1 ms) to a request that waited for its worker (1 s). */
const SECONDS_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const STORAGE_STATES = ['ok', 'storage_full', 'storage_failed'] as const;

let processMetrics: Registry | undefined;

/** Heap, event loop and collector belong to the process: observed once, however many servers run in it. */
function processRegistry(): Registry {
  if (processMetrics === undefined) {
    processMetrics = new Registry();
    collectDefaultMetrics({ register: processMetrics });
  }
  return processMetrics;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'route' | 'status'>;
  readonly #seconds: Histogram<'route'>;
  readonly #lines: Counter<'status'>;
  readonly #streams: Gauge;
  readonly #events: Counter<'event'>;

  constructor(engine: Engine) {
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'doorrank_requests_total',
      help: 'Requests answered.',
      labelNames: ['route', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'doorrank_request_seconds',
      help: 'From the first line of a request to its answer, the reading of its body included; to the beginning of an answer that goes on.',
      labelNames: ['route'],
      buckets: SECONDS_BUCKETS,
      registers,
    });
    this.#lines = new Counter({
      name: 'doorrank_batch_lines_total',
      help: 'Lines of batches answered, by the status that a request of its own would have.',
      labelNames: ['status'],
      registers,
    });
    this.#streams = new Gauge({
      name: 'doorrank_streams_open',
      help: 'Streams of recommendations that are open.',
      registers,
    });
    this.#events = new Counter({
      name: 'doorrank_stream_events_total',
      help: 'Events sent on streams.',
      labelNames: ['event'],
      registers,
    });
    registerEngine(engine, this.#registry);
    registerVersions(engine, this.#registry);
  }

  /** Counts one answer. `route` is a pattern, never a path: paths hold ids and have no end. */
  observe(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status });
    this.#seconds.observe({ route }, seconds);
  }

  lineAnswered(status: number): void {
    this.#lines.inc({ status });
  }

  streamsOpen(count: number): void {
    this.#streams.set(count);
  }

  eventSent(event: string): void {
    this.#events.inc({ event });
  }

  async text(): Promise<string> {
    const parts = await Promise.all([this.#registry.metrics(), processRegistry().metrics()]);
    return parts.join('\n');
  }
}

export function metricsPage(metrics: Metrics): Operation {
  const init = { status: 200, headers: { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE } };
  return {
    document: {
      operationId: 'metrics',
      summary: 'Metrics in the Prometheus text format',
      responses: { 200: { description: 'The metrics.', content: { 'text/plain': { schema: z.string() } } } },
    },
    handle: async () => new Response(await metrics.text(), init),
  };
}

/** The engine counts for itself; its counts are read when somebody asks. */
function registerEngine(engine: Engine, registry: Registry): void {
  const registers = [registry];
  const count = (name: string, help: string, value: (stats: EngineStats) => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value(engine.stats()));
      },
    });
  const level = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    measure: (gauge: Gauge<L>) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        measure(this);
      },
    });
  count('doorrank_swaps_total', 'Times a running engine changed its snapshot.', (stats) => stats.swapCount);
  count('doorrank_similarities_total', 'Exact similarities computed.', (stats) => stats.similarityCount);
  count('doorrank_actions_accepted_total', 'Actions written to disk.', (stats) => stats.actionsAccepted);
  count('doorrank_actions_duplicate_total', 'Actions sent again.', (stats) => stats.actionsDuplicate);
  count(
    'doorrank_requests_inline_total',
    'Requests run on the main thread.',
    (stats) => stats.requestsInline,
  );
  count('doorrank_requests_in_workers_total', 'Requests run by workers.', (stats) => stats.requestsInWorkers);
  level('doorrank_requests_waiting', 'Requests that wait for a worker.', [], (gauge) =>
    gauge.set(engine.stats().requestsWaiting),
  );
  level('doorrank_shops', 'Shops in the active snapshot.', [], (gauge) =>
    gauge.set(engine.stats().shopCount),
  );
  level('doorrank_ready', '1 if the engine can answer.', [], (gauge) =>
    gauge.set(Number(engine.health().ready)),
  );
  // Facts that are words are a 1 under the word.
  level('doorrank_kernel_info', 'The kernel build in use.', ['build', 'byte_pass'], (gauge) => {
    const { kernel, bytePass } = engine.stats();
    gauge.set({ build: kernel, byte_pass: bytePass }, 1);
  });
  level(
    'doorrank_active_version_info',
    'The active version, and whether its file is mapped.',
    ['version', 'mapped'],
    (gauge) => {
      const { version, mapped } = engine.stats();
      if (version !== null) gauge.set({ version, mapped: String(mapped) }, 1);
    },
  );
  level('doorrank_storage_state', 'The state of the action store: 1 under it.', ['state'], (gauge) => {
    const { storage } = engine.health();
    for (const state of STORAGE_STATES) gauge.set({ state }, Number(state === storage));
  });
}
