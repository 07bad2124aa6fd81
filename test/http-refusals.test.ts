/** Every bad request has a defined, helpful answer: a status, a code, the field, what was found and expected. */
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineError, type EngineErrorCode } from '../src/base/errors.ts';
import { silentLog } from '../src/base/log.ts';
import { errorResponse } from '../src/http/errors.ts';
import { openTown, TOWN_CENTER, type Town } from './http-town.ts';
import { madeAnswerId } from './made-answer-id.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown();
});
afterAll(() => town.close());

interface Refusal {
  readonly what: string;
  readonly path: string;
  /** Text and bytes are sent as they are, anything else as JSON; undefined is a GET. */
  readonly body?: unknown;
  /** Empty sends none. */
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly message: RegExp;
}

const JSON_TYPE = 'application/json';
const RECOMMENDATIONS = '/v1/recommendations';
const SIMILARITIES = '/v1/similarities';
const ACTIONS = '/v1/actions';
const ACTIVATE = '/v1/snapshots/activate';

type Kind = readonly [status: number, code: string];
const MALFORMED: Kind = [400, 'malformed'];
const OUT_OF_BOUNDS: Kind = [422, 'out_of_bounds'];
const CONTENT_TYPE: Kind = [415, 'unsupported_content_type'];

type BodyRow = readonly [what: string, body: unknown, field: string, message: RegExp, type?: string];

/** Bodies that `path` refuses; an empty field means that the error names none. */
function bodies(path: string, [status, code]: Kind, rows: readonly BodyRow[]): Refusal[] {
  return rows.map(([what, body, field, message, type = JSON_TYPE]) => ({
    what: `${path}: ${what}`,
    path,
    body,
    type,
    status,
    code,
    field: field === '' ? undefined : field,
    message,
  }));
}

/** URLs that are refused when they are read. */
function urls(
  [status, code]: Kind,
  rows: readonly (readonly [path: string, field: string, message: RegExp])[],
) {
  return rows.map(([path, field, message]): Refusal => ({
    what: `GET ${path.slice(0, 60)}`,
    path,
    type: '',
    status,
    code,
    field: field === '' ? undefined : field,
    message,
  }));
}

const at = (changes: object) => ({ location: TOWN_CENTER, ...changes });
const searching = (keyword: string) => at({ actions: [{ type: 'search', keyword }] });
const ones = (value: number) => Array.from({ length: 32 }, () => value);
const similar = (changes: object) => ({
  vectors: [ones(1)],
  k: 3,
  candidates: { location: TOWN_CENTER },
  ...changes,
});
const action = (changes: object) => ({ userId: 'u', type: 'search', keyword: '피자', ...changes });
const impression = (about: object) => ({ type: 'impression', keyword: undefined, ...about });
const recording = (changes: object) => ({ actions: [action({}), action(changes)] });

const REFUSALS: readonly Refusal[] = [
  ...bodies(RECOMMENDATIONS, MALFORMED, [
    ['no JSON', '{"location":', '', /not JSON/],
    ['nothing', '', '', /body is empty/],
    ['two byte order marks', '\uFEFF\uFEFF{}', '', /not JSON/],
    ['bytes that are not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex'), '', /not UTF-8/],
    ['UTF-16', Buffer.from('{}', 'utf16le'), '', /not JSON/],
    ['no object', [1], '', /object, got \[1\]/],
    ['limit as text', at({ limit: '5' }), 'limit', /whole number 1\.\.1000, got "5"/],
    ['an unknown field', at({ radius: 5 }), 'radius', /not a known field/],
    ['an unknown field inside', at({ fusion: { kk: 5 } }), 'fusion.kk', /not a known field/],
    ['__proto__', '{"location":{"lon":127,"lat":37},"__proto__":{}}', '__proto__', /not a known field/],
    ['no location', {}, 'location', /got nothing/],
    ['a number beyond numbers', '{"location":{"lon":1e999,"lat":0}}', 'location.lon', /number/],
    ['a time that is none', at({ at: 'yesterday' }), 'at', /ISO 8601.*got "yesterday"/],
  ]),
  ...bodies(RECOMMENDATIONS, OUT_OF_BOUNDS, [
    ['limit 0', at({ limit: 0 }), 'limit', /1\.\.1000, got 0/],
    ['limit 10^9', at({ limit: 1e9 }), 'limit', /1\.\.1000, got 1000000000/],
    ['a negative radius', at({ radiusMeters: -1 }), 'radiusMeters', /1\.\.\d+, got -1/],
    ['lon 200', { location: { lon: 200, lat: 0 } }, 'location.lon', /-180\.\.180 degrees, got 200/],
    [
      'swapped coordinates',
      { location: { lon: 37.5, lat: 127 } },
      'location.lat',
      /-90\.\.90 degrees, got 127/,
    ],
    [
      'a keyword of 10,000 characters',
      searching('가'.repeat(10_000)),
      'actions[0].keyword',
      /1\.\.200 .*got "가+…/,
    ],
    ['a column that is not there', at({ filter: { colour: 'red' } }), 'filter.colour', /not a column/],
    ['a version that is a path', at({ version: '../x' }), 'version', /1\.\.64 letters, .*got "\.\.\/x"/],
  ]),
  ...bodies(
    RECOMMENDATIONS,
    [409, 'version_not_loaded'],
    [['a version nobody has', at({ version: 'nope' }), '', /nope is not loaded; this engine holds town/]],
  ),
  ...bodies(RECOMMENDATIONS, CONTENT_TYPE, [
    ['a form', 'a=1', '', /is application\/x-www-form-urlencoded; send/, 'application/x-www-form-urlencoded'],
    ['no content type', Buffer.from('{}'), '', /missing; send application\/json/, ''],
    ['another charset', '{}', '', /charset is euc-kr; send UTF-8/, 'application/json; charset=euc-kr'],
    ['NDJSON', '{}\n{}', '', /send application\/json/, 'application/x-ndjson'],
  ]),
  ...bodies(SIMILARITIES, MALFORMED, [
    ['NaN', '{"vectors":[[NaN]]}', '', /not JSON: .*N/],
    ['null in a vector', similar({ vectors: [[1, null]] }), 'vectors[0][1]', /finite number, got null/],
    ['candidates of neither kind', similar({ candidates: {} }), 'candidates', /shopIds.*location/],
  ]),
  ...bodies(SIMILARITIES, OUT_OF_BOUNDS, [
    ['no vectors', similar({ vectors: [] }), 'vectors', /at least one/],
    ['wrong dimensions', similar({ vectors: [[1, 2, 3]] }), 'vectors[0]', /32.*3/],
    ['a zero vector under cosine', similar({ vectors: [ones(0)] }), 'vectors[0]', /zero/],
    ['k 0', similar({ k: 0 }), 'k', /1\.\.10000, got 0/],
  ]),
  ...bodies(ACTIONS, MALFORMED, [
    [
      'a line that is not JSON',
      '{"userId":"u"}\n\n{oops}',
      '',
      /^line 3 is not JSON/,
      'application/x-ndjson',
    ],
    ['lines sent as JSON', '{"userId":"u"}\n{"userId":"u"}', '', /not JSON/],
    ['no actions', {}, 'actions', /array of actions, got nothing/],
    ['a field beside actions', { actions: [], user: 1 }, 'user', /not a known field/],
    ['an action without a user', recording({ userId: undefined }), 'actions[1].userId', /got nothing/],
    ['an action with another field', recording({ date: 5 }), 'actions[1].date', /not a known field/],
    [
      'an answerId that is none',
      recording(impression({ answerId: 'AAAA' })),
      'actions[1].answerId',
      /as it was, got "AAAA"/,
    ],
  ]),
  ...bodies(ACTIONS, OUT_OF_BOUNDS, [
    ['an action about two things', recording({ shopId: 's1' }), 'actions[1]', /either a keyword or a shopId/],
    [
      'a keyword of 10,000 characters',
      recording({ keyword: 'x'.repeat(10_000) }),
      'actions[1].keyword',
      /1\.\.200/,
    ],
    ['a time before times', recording({ at: '0000-01-01T00:00:00+23:59' }), 'actions[1].at', /before 1970/],
    ['half a character', recording({ userId: '\ud800x' }), 'actions[1].userId', /whole Unicode text/],
    [
      'half a character in a keyword',
      recording({ keyword: 'x\udc00' }),
      'actions[1].keyword',
      /whole Unicode/,
    ],
    [
      'an answerId of a version that is not held',
      recording(impression({ answerId: madeAnswerId('gone', [1]) })),
      'actions[1].answerId',
      /no longer holds \(it holds town\)/,
    ],
    ['a weight of 101', recording({ weight: 101 }), 'actions[1].weight', /-100\.\.100, got 101/],
    ['too many actions', Array.from({ length: 10_001 }, () => action({})), 'actions', /1\.\.10000 actions/],
  ]),
  ...bodies(ACTIVATE, MALFORMED, [['a number', { version: 7 }, 'version', /text, got 7/]]),
  ...bodies(ACTIVATE, OUT_OF_BOUNDS, [
    ['a path', { version: 'a/b' }, 'version', /got "a\/b"/],
    ['the directory above', { version: '..' }, 'version', /got "\.\."/],
  ]),
  ...bodies(
    ACTIVATE,
    [404, 'version_unknown'],
    [['nobody has it', { version: 'nope' }, '', /no version nope/]],
  ),
  ...bodies(
    '/v1/snapshots/rollback',
    [409, 'no_previous_version'],
    [['the first version', '', '', /roll back/]],
  ),

  ...urls(
    [404, 'shop_unknown'],
    [
      ['/v1/shops/nobody', '', /"nobody"/],
      ['/v1/shops/nobody/similar?lon=127&lat=37', '', /"nobody"/],
    ],
  ),
  ...urls(
    [404, 'not_found'],
    [
      ['/v2', '', /nothing at "\/v2"/],
      ['/v1/snapshots/', '', /nothing at/],
    ],
  ),
  ...urls(MALFORMED, [
    ['/v1/shops/%ff', '', /not percent-encoded UTF-8/],
    ['/v1/users/%zz/actions', '', /not percent-encoded UTF-8/],
    ['/v1/keywords?prefix=%e3%85', '', /not percent-encoded UTF-8/],
    ['/v1/shops/s1/similar?lat=37', 'lon', /got nothing/],
    ['/v1/shops/s1/similar?lon=&lat=37', 'lon', /got ""/],
    ['/v1/shops/s1/similar?lon=NaN&lat=37', 'lon', /got "NaN"/],
    ['/v1/shops/s1/similar?lon=1&lat=37&openOnly=no', 'openOnly', /true, false or "known", got "no"/],
    ['/v1/keywords?limit=0x10', 'limit', /got "0x10"/],
    ['/v1/keywords?q=a', 'q', /not a known field/],
    ['/v1/keywords?limit=1&limit=2', 'limit', /stands twice/],
  ]),
  ...urls(OUT_OF_BOUNDS, [
    ['/v1/shops/s1/similar?lon=200&lat=37', 'lon', /-180\.\.180 degrees, got 200/],
    ['/v1/keywords?limit=0', 'limit', /1\.\.1000, got 0/],
    [`/v1/keywords?prefix=${'x'.repeat(10_000)}`, 'prefix', /at most 200/],
    [`/v1/shops/${'x'.repeat(300)}`, 'shopId', /1\.\.256/],
  ]),
];

test.each(REFUSALS)('$what is refused', async ({ path, body, type, status, code, field, message }) => {
  const response = await fetch(
    `${town.url}${path}`,
    body === undefined
      ? {}
      : { method: 'POST', headers: type === '' ? {} : { 'content-type': type }, body: sent(body) },
  );
  const answer = (await response.json()) as { error: { code: string; message: string; field?: string } };
  const { error } = answer;
  expect([response.status, error.code, error.field], error.message).toEqual([status, code, field]);
  expect(error.message).toMatch(message);
  expect(error.message.length).toBeLessThan(400);
  expect(Object.keys(answer)).toEqual(['error']);
});

function sent(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body;
  return Buffer.isBuffer(body) ? Uint8Array.from(body) : JSON.stringify(body);
}

test('a compressed body is refused rather than read as something else', async () => {
  const response = await fetch(`${town.url}${RECOMMENDATIONS}`, {
    method: 'POST',
    headers: { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' },
    body: Uint8Array.from(gzipSync('{}')),
  });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('gzip') } });
});

test('a known path with another method names the methods it takes', async () => {
  const allowed = async (method: string, path: string) => {
    const response = await fetch(`${town.url}${path}`, { method });
    expect(response.status).toBe(405);
    expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    return response.headers.get('allow');
  };
  expect(await allowed('PUT', '/v1/shops/s42')).toBe('GET');
  expect(await allowed('GET', '/v1/recommendations')).toBe('POST');
  expect(await allowed('POST', '/v1/users/u/actions')).toBe('GET, DELETE');
});

/** Sends `sizeBytes` of spaces to `path`, with its length announced or in chunks; resolves with the status. */
function sendBytes(
  path: string,
  sizeBytes: number,
  chunked: boolean,
): Promise<{ status: number; body: string }> {
  const { host, port } = town.server.address;
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': sizeBytes }),
    };
    const request = httpRequest({ host, port, path, method: 'POST', headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    request.on('error', reject);
    const chunk = Buffer.alloc(65_536, ' ');
    for (let sentBytes = 0; sentBytes < sizeBytes; sentBytes += chunk.length) {
      request.write(chunk.subarray(0, sizeBytes - sentBytes));
    }
    request.end();
  });
}

const MEBIBYTE = 2 ** 20;

test.each([true, false])('a body above the limit is refused, in chunks: %s', async (chunked) => {
  for (const [path, bytesMax] of [
    [RECOMMENDATIONS, MEBIBYTE],
    [ACTIONS, 16 * MEBIBYTE],
  ] as const) {
    const refused = await sendBytes(path, bytesMax + 1, chunked);
    expect(refused.status, path).toBe(413);
    expect(JSON.parse(refused.body)).toMatchObject({
      error: { code: 'too_large', message: expect.stringContaining(String(bytesMax)) },
    });
    const read = await sendBytes(path, bytesMax, chunked);
    expect([read.status, JSON.parse(read.body).error.message], path).toEqual([
      400,
      'the body is empty, expected JSON',
    ]);
  }
});

test('a body far above the limit is refused without being taken in', async () => {
  const before = process.memoryUsage().arrayBuffers;
  expect((await sendBytes(RECOMMENDATIONS, 17 * MEBIBYTE, true)).status).toBe(413);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MEBIBYTE);
});

test('deeply nested JSON is refused like any other', async () => {
  const depth = 400_000;
  for (const body of [
    `${'['.repeat(depth)}${']'.repeat(depth)}`,
    `{"location":${'['.repeat(depth)}${']'.repeat(depth)}}`,
  ]) {
    const response = await fetch(`${town.url}${RECOMMENDATIONS}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'malformed' } });
  }
});

test('an action id that was used for something else is a conflict, and nothing of the request is kept', async () => {
  const first = { id: 'c1', userId: 'conflict', type: 'search', keyword: '피자', at: '2026-11-22T03:00:00Z' };
  expect((await town.ask('POST', ACTIONS, [first])).status).toBe(202);
  const answer = await town.ask('POST', ACTIONS, [
    { ...first, id: 'c2' },
    { ...first, keyword: '초밥' },
  ]);
  expect(answer.status).toBe(409);
  expect(answer.body.error).toMatchObject({
    code: 'action_conflict',
    message: expect.stringContaining('c1'),
  });
  expect((await town.ask('GET', '/v1/users/conflict/actions')).body.actions).toHaveLength(1);
});

test('a snapshot that does not verify is a conflict, and the version before goes on serving', async () => {
  writeFileSync(join(town.storeDirectory, 'snapshots', 'broken.snapshot'), 'no snapshot at all');
  const answer = await town.ask('POST', ACTIVATE, { version: 'broken' });
  expect(answer.status).toBe(409);
  expect(answer.body.error).toMatchObject({
    code: 'snapshot_invalid',
    message: expect.stringContaining('broken'),
  });
  expect((await town.ask('GET', '/readyz')).body.version).toBe('town');
});

test('without an active version it is not ready, and requests are told to come back', async () => {
  const empty = await openTown([]);
  for (const [method, path, body, code] of [
    ['GET', '/readyz', undefined, 'not_ready'],
    ['POST', RECOMMENDATIONS, at({}), 'store_empty'],
    ['GET', '/v1/shops/s1', undefined, 'store_empty'],
    ['GET', '/v1/keywords', undefined, 'store_empty'],
  ] as const) {
    const answer = await empty.ask(method, path, body);
    expect([answer.status, answer.body.error.code, answer.headers.get('retry-after')], path).toEqual([
      503,
      code,
      '5',
    ]);
  }
  expect((await empty.ask('GET', '/livez')).status).toBe(200);
  expect((await empty.ask('GET', '/v1/snapshots')).body).toEqual({ snapshots: [] });
  expect((await empty.ask('POST', ACTIONS, [action({})])).status).toBe(202);
  await empty.close();
});

test('a closed engine is not ready, and requests are told to come back', async () => {
  const closed = await openTown();
  await closed.engine.close();
  expect((await closed.ask('GET', '/readyz')).status).toBe(503);
  expect(await closed.ask('POST', ACTIONS, [action({})])).toMatchObject({
    status: 503,
    body: { error: { code: 'closed' } },
  });
  expect((await closed.ask('POST', RECOMMENDATIONS, at({}))).status).toBe(503);
  await closed.close();
});

test.each<[EngineErrorCode, number, string | null]>([
  ['overloaded', 429, '1'],
  ['storage_full', 503, '5'],
  ['storage_failed', 503, '5'],
  ['snapshot_format', 409, null],
  ['version_exists', 409, null],
  ['input_invalid', 500, null],
])('the error %s of the engine is a %i', async (code, status, retryAfter) => {
  const response = errorResponse(new EngineError(code, 'as it is'), silentLog);
  expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe(status === 500 ? 'internal' : code);
  expect(error.message === 'as it is').toBe(status !== 500);
});
