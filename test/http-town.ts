/** The town of data/ behind a real server on a free port: what the tests of the HTTP face talk to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { silentLog } from '../src/base/log.ts';
import type { EngineOptions } from '../src/engine/config.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import { createApp } from '../src/http/app.ts';
import { serve, type RunningServer, type ServeOptions } from '../src/http/server.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';

/** Where the town's center is, and where the README's requests deliver to. */
export const TOWN_CENTER = Object.freeze({ lon: 126.9784, lat: 37.5667 });

export interface Town {
  readonly engine: Engine;
  readonly server: RunningServer;
  /** Directory of the snapshots. */
  readonly storeDirectory: string;
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Sends a request and reads the JSON answer. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read it as the JSON it is
  readonly body: any;
}

/** Builds `versions` of the town into a new store, activates the first if there is one, and serves it. `inputs` are more of every build. */
export async function openTown(
  versions: readonly string[] = ['town'],
  options: Partial<ServeOptions> = {},
  engineOptions: Partial<EngineOptions> = {},
  inputs: { readonly userLists?: string } = {},
): Promise<Town> {
  const directory = mkdtempSync(join(tmpdir(), 'doorrank-http-'));
  const store = SnapshotStore.open(join(directory, 'store'), { create: true });
  for (const version of versions) {
    await buildSnapshot(
      {
        shops: 'data/town/shops.csv',
        shopVectors: 'data/town/shop-vectors.npy',
        keywordVectors: 'data/town/keywords.ndjson',
        ...inputs,
        metric: 'cosine',
        version,
      },
      store,
    );
  }
  if (versions[0] !== undefined) store.activate(versions[0]);
  const engine = await openEngine(
    { store: store.directory, data: join(directory, 'data'), threads: 0, ...engineOptions },
    { nowMs: Date.now },
  );
  const server = await serve(engine, { host: '127.0.0.1', port: 0, log: silentLog, graceMs: 0, ...options });
  const { url } = server.address;
  return {
    engine,
    server,
    storeDirectory: store.directory,
    url,
    ask: (method, path, body) => ask(url, method, path, body),
    close: async () => {
      await server.close();
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The routes as they are documented; none of them is to be asked. */
export function documentedApp(engine: Engine) {
  return createApp(engine, {
    log: silentLog,
    bodyBytesMax: 1,
    actionsBodyBytesMax: 1,
    streamsMax: 1,
    isClosing: () => false,
    stopped: new AbortController().signal,
  });
}

/** The documented schema of an answer. Objects in it are strict, so a field too many fails as one too few does. */
export function documentedAnswer(engine: Engine, method: string, path: string, status: number): z.ZodType {
  for (const definition of documentedApp(engine).openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { route } = definition;
    if (route.method !== method.toLowerCase() || route.path !== path) continue;
    const response = route.responses[status];
    const [content] = Object.values((response && 'content' in response && response.content) || {});
    if (content && 'schema' in content) return content.schema as z.ZodType;
  }
  throw new Error(`${method} ${path} documents no body for ${status}`);
}

async function ask(url: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const sent =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, { method, ...sent });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
