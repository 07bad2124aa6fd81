/** The packed client in a project that has nothing else: it type-checks without Node, bundles alone, runs in a browser. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasChromium, launchChromium } from './chromium.ts';
import { openTown, TOWN_CENTER } from './http-town.ts';

const TSC = resolve('node_modules/typescript/bin/tsc');

/** A program that says what the types say; each line under `@ts-expect-error` must be refused by them. */
const PROGRAM = `
import { ClientError, createClient, type AnswerOf, type Client, type RequestOf } from 'doorrank/client';

const client: Client = createClient({ url: 'http://127.0.0.1:8080', token: 't', fetch, timeoutMs: 500 });
const request: RequestOf<'recommend'> = {
  actions: [{ type: 'search', keyword: '짜장면' }, { type: 'view', shopId: 's42', at: '2026-11-22T12:00:00Z' }],
  location: { lon: 126.9784, lat: 37.5667 },
  filter: { category: 'chinese', or: [{ price: { max: 15_000 } }, { not: { spicy: true } }] },
  openOnly: 'known',
};
const answer: AnswerOf<'recommend'> = await client.recommend(request, { signal: AbortSignal.timeout(100) });
export const scores: readonly number[] = answer.shops.map(({ score }) => score);
export const name: string | undefined = answer.shops[0]?.name;
export const hours: 'open' | 'closed' | 'unknown' | undefined = answer.shops[0]?.hours;
await client.recordActions([{ userId: 'u1', type: 'search', keyword: '짜장면' }]);
await client.recordActions({ actions: [{ userId: 'u1', type: 'view', shopId: 's42' }] });
await client.setShopStatus({ shopId: 's42', open: false, until: '2999-12-31T17:00:00+09:00' });
await client.similarShops({ shopId: 's42', lon: 126.9784, lat: 37.5667 });
const ahead = await client.userRecommendations({ userId: 'u1', lon: 126.9784, lat: 37.5667 });
export const meters: readonly number[] = 'location' in ahead ? [] : ahead.shops.map((shop) => shop.distanceMeters);
await client.listKeywords();
await client.listKeywords({ prefix: '짜', limit: 3 });
await client.rollBackSnapshot(undefined, { signal: new AbortController().signal });
export const text: string = await client.metrics();
await client.getShop({ shopId: 'nowhere' }).catch((error: unknown) => {
  if (!(error instanceof ClientError)) throw error;
  return [error.status.toFixed(), error.code, error.message, error.field?.length, error.retryAfterSeconds?.toFixed()];
});

for await (const part of client.recommendBatch([request, request])) {
  if (!(part instanceof ClientError)) part.shops.map(({ shopId }) => shopId);
}
for await (const part of client.streamRecommendations({ userId: 'u1', lon: 126.9784, lat: 37.5667, explain: false })) {
  if (!(part instanceof ClientError)) part.basis satisfies 'actions' | 'list' | 'popular' | 'wider';
}

// @ts-expect-error a location is needed
await client.recommend({ limit: 3 });
// @ts-expect-error and nothing that there is not
await client.recommend({ location: { lon: 0, lat: 0 }, radiusMetres: 3000 });
// @ts-expect-error a method is one of its own values
await client.recommend({ location: { lon: 0, lat: 0 }, fusion: { method: 'none' } });
// @ts-expect-error an id stands in the path
await client.getShop();
// @ts-expect-error numbers are written as numbers
await client.listKeywords({ limit: '3' });
// @ts-expect-error a route that takes nothing takes nothing
await client.listSnapshots({ signal: AbortSignal.timeout(100) });
// @ts-expect-error a shop has no such thing
export const stars = answer.shops[0]?.stars;
// @ts-expect-error there is no such route
client.recommendEverything;
`;

let project: string;

beforeAll(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'doorrank-client-')));
  const sources = join(project, 'package');
  mkdirSync(join(sources, 'dist'), { recursive: true });
  execFileSync(process.execPath, [TSC, '-p', 'src', '--outDir', join(sources, 'dist')]);
  cpSync('package.json', join(sources, 'package.json'));
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project];
  const archive = execFileSync('npm', pack, { cwd: sources, encoding: 'utf8' }).trim();
  rmSync(sources, { recursive: true });
  const installed = join(project, 'node_modules/doorrank');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(project, archive), '-C', installed, '--strip-components=1']);
  // Of all that an installation brings the types of the client may need this alone.
  symlinkSync(resolve('node_modules/zod'), join(project, 'node_modules/zod'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(project, 'program.ts'), PROGRAM);
});
afterAll(() => rmSync(project, { recursive: true }));

test.each([
  ['bundler', 'esnext'],
  ['nodenext', 'nodenext'],
])(
  'its types hold in strict, with moduleResolution %s and without types of Node',
  (moduleResolution, module) => {
    const compilerOptions = {
      moduleResolution,
      module,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const configuration = join(project, `tsconfig.${moduleResolution}.json`);
    writeFileSync(configuration, JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', configuration], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  },
);

/** The client as one script for browsers, which leaves what it exports in `doorrank`. */
function bundle() {
  const { outputFiles, metafile } = buildSync({
    stdin: { contents: `export * from 'doorrank/client';`, resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'doorrank',
  });
  return { script: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) };
}

test('a bundle for browsers holds its one file and nothing else', () => {
  const { script, inputs } = bundle();
  expect(inputs).toEqual(['node_modules/doorrank/dist/client/client.js', '<stdin>']);
  expect(script).not.toMatch(/\brequire\(|\bimport\(|\bprocess\.|\bnode:/);
});

test.skipIf(!hasChromium)('it asks and is refused in a page (with /usr/bin/chromium)', async () => {
  const town = await openTown();
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(`${town.url}/livez`);
  await page.evaluate(`${bundle().script}; globalThis.doorrank = doorrank;`);
  const request = { location: TOWN_CENTER, limit: 3, at: '2026-11-22T03:00:00Z' };
  const found = await page.evaluate(`(async () => {
    const client = doorrank.createClient({ url: location.origin });
    const { shops } = await client.recommend(${JSON.stringify(request)});
    const refused = await client.getShop({ shopId: 'no where' }).catch((error) => error);
    const left = await client.liveness(undefined, { signal: AbortSignal.abort('left') }).catch((reason) => reason);
    return { shopIds: shops.map(({ shopId }) => shopId), refused: [refused instanceof doorrank.ClientError, refused.code], left };
  })()`);
  const { shops } = await town.engine.recommend(request);
  expect(found).toEqual({
    shopIds: shops.map(({ shopId }) => shopId),
    refused: [true, 'shop_unknown'],
    left: 'left',
  });
  await browser.close();
  await town.close();
});
