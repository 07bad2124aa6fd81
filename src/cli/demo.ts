/** `doorrank demo`: the synthetic town that comes with the package, built on first start and served. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { BuildInput } from '../snapshot/build-snapshot.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { buildWithProgress } from './build-with-progress.ts';
import { jsonLog } from './json-log.ts';
import { portOption, readPath } from './option-values.ts';
import { serveUntilStopped } from './server-process.ts';

/** Two floors up from src/cli and from dist/cli alike. */
const TOWN_DIRECTORY = fileURLToPath(new URL('../../data/town/', import.meta.url));
const TOWN_VERSION = 'town';
const TOWN_INPUT = {
  shops: join(TOWN_DIRECTORY, 'shops.csv'),
  shopVectors: join(TOWN_DIRECTORY, 'shop-vectors.npy'),
  keywordVectors: join(TOWN_DIRECTORY, 'keywords.ndjson'),
  version: TOWN_VERSION,
  metric: 'cosine',
  timeZone: 'Asia/Seoul',
} as const satisfies BuildInput;
const TOWN_NOTE =
  'The town is synthetic: its shops, prices, users and tastes were generated and exist nowhere.';
const EXAMPLE_REQUEST = {
  actions: [{ type: 'search', keyword: '짜장면' }],
  location: { lon: 126.9784, lat: 37.5667 },
  openOnly: false, // or the first answer anybody sees depends on the hour
  limit: 5,
};

interface DemoOptions {
  readonly port: number;
  readonly store: string;
  readonly data: string;
}

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('serve a synthetic town on this machine, to try things out')
    .addOption(portOption())
    .option(
      '--store <directory>',
      'directory of the snapshots, built on first start',
      readPath,
      join('.doorrank', 'store'),
    )
    .option('--data <directory>', 'directory of the recorded actions', readPath, join('.doorrank', 'data'))
    .addHelpText('after', '\nExample:\n  doorrank demo --port 8080')
    .action(runDemo);
}

async function runDemo({ port, store, data }: DemoOptions): Promise<void> {
  await prepareTown(store);
  const serving = { host: '127.0.0.1', port, log: jsonLog('warn'), graceMs: 0 };
  await serveUntilStopped({ store, data }, serving, (url, engine) => {
    console.log(greeting(url, engine.health().version, store));
  });
}

/** Leaves a store with an active version: the one that is active already, or the town. */
async function prepareTown(directory: string): Promise<void> {
  const store = SnapshotStore.open(directory, { create: true });
  if (store.current() !== null) return;
  if (!store.versions().includes(TOWN_VERSION)) await buildWithProgress(TOWN_INPUT, store);
  store.activate(TOWN_VERSION);
}

function greeting(url: string, version: string | null, store: string): string {
  return `
Doorrank serves version ${version} of ${store} at ${url}
${version === TOWN_VERSION ? TOWN_NOTE : ''}
Open
  ${url}/v1/snapshots     what is served
  ${url}/v1/keywords      keywords it knows
  ${url}/docs             everything that can be asked, to read and to try

Ask: someone searched 짜장면 and stands near the town hall (open shops and closed ones)
  curl -s ${url}/v1/recommendations -H 'content-type: application/json' -d '${JSON.stringify(EXAMPLE_REQUEST)}'

Ctrl-C stops.`;
}
