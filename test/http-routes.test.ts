/** Every route of the HTTP face answers what it promises, in the shape that its document says. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedAnswer, openTown, TOWN_CENTER, type Answer, type Town } from './http-town.ts';
import { madeAnswerId } from './made-answer-id.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown(['town', 'town-2']);
});
afterAll(() => town.close());

function expectDocumented(answer: Answer, method: string, route: string, status = 200): void {
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/json');
  const schema = documentedAnswer(town.engine, method, route, status);
  expect(() => schema.parse(answer.body)).not.toThrow();
}

const SEARCH = { type: 'search', keyword: '짜장면' };

test('POST /v1/recommendations answers what the engine answers', async () => {
  const request = { actions: [SEARCH], location: TOWN_CENTER, limit: 5, at: '2026-11-22T03:00:00Z' };
  const answer = await town.ask('POST', '/v1/recommendations', request);
  expectDocumented(answer, 'POST', '/v1/recommendations');
  const { tookMs: _, ...expected } = await town.engine.recommend(request);
  expect(answer.body).toMatchObject(JSON.parse(JSON.stringify(expected)));
  expect(answer.body.shops).toHaveLength(5);
  expect(answer.body.basis).toBe('actions');
});

test('POST /v1/recommendations says what it took a misspelt keyword for', async () => {
  const actions = [{ type: 'search', keyword: '매운 후라이드치캰' }];
  const answer = await town.ask('POST', '/v1/recommendations', { actions, location: TOWN_CENTER, limit: 1 });
  expectDocumented(answer, 'POST', '/v1/recommendations');
  expect(answer.body.shops[0].reasons[0].action).toMatchObject({ ...actions[0], takenAs: '후라이드치킨' });
});

test('POST /v1/recommendations says that it composed an embedding for a text that says more than a keyword', async () => {
  const actions = [{ type: 'search', keyword: '해물크림파스타' }, SEARCH];
  const answer = await town.ask('POST', '/v1/recommendations', { actions, location: TOWN_CENTER, limit: 1 });
  expectDocumented(answer, 'POST', '/v1/recommendations');
  const [composed, known] = answer.body.shops[0].reasons;
  expect(composed.action).toMatchObject({ ...actions[0], takenAs: '파스타', composed: true });
  expect(known.action).not.toHaveProperty('composed');
});

test('POST /v1/recommendations without actions is the popular list, with the same shape', async () => {
  const answer = await town.ask('POST', '/v1/recommendations', { userId: 'nobody', location: TOWN_CENTER });
  expectDocumented(answer, 'POST', '/v1/recommendations');
  expect(answer.body.basis).toBe('popular');
  expect(answer.body.shops).toHaveLength(20);
});

test('POST /v1/similarities answers what the engine answers, one ranking per vector', async () => {
  const { dimensions } = town.engine.snapshots()[0]!;
  const vector = (sign: number) => Array.from({ length: dimensions }, (_, i) => sign * Math.cos(i));
  const request = { vectors: [vector(1), vector(-1)], k: 7, candidates: { location: TOWN_CENTER } };
  const answer = await town.ask('POST', '/v1/similarities', request);
  expectDocumented(answer, 'POST', '/v1/similarities');
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(await town.engine.similarities(request))));
  expect(answer.body.rankings.map((ranking: unknown[]) => ranking.length)).toEqual([7, 7]);
});

test('PUT, GET and DELETE of a status answer as documented, and are in the next recommendation', async () => {
  const one = '/v1/shops/{shopId}/status';
  const request = { location: TOWN_CENTER, limit: 3, at: '2999-11-22T03:00:00Z' };
  const idsOf = async (): Promise<string[]> =>
    (await town.ask('POST', '/v1/recommendations', request)).body.shops.map(
      ({ shopId }: { shopId: string }) => shopId,
    );
  const [first, second] = (await idsOf()) as [string, string];
  const set = await town.ask('PUT', `/v1/shops/${first}/status`, { open: false });
  expectDocumented(set, 'PUT', one);
  expect(set.body).toEqual({ unknownShopIds: [] });
  const until = '3000-01-01T00:00:00.000Z';
  const statuses = [
    { shopId: second, open: false, until },
    { shopId: 'nowhere', open: true },
  ];
  const bulk = await town.ask('PUT', '/v1/shops/status', { statuses });
  expectDocumented(bulk, 'PUT', '/v1/shops/status');
  expect(bulk.body).toEqual({ unknownShopIds: ['nowhere'] });
  expect((await idsOf()).filter((shopId) => shopId === first || shopId === second)).toEqual([]);
  const got = await town.ask('GET', `/v1/shops/${second}/status`);
  expectDocumented(got, 'GET', one);
  expect(got.body).toEqual({ shopId: second, status: { open: false, until } });
  for (const shopId of [first, second, 'nowhere']) {
    const cleared = await town.ask('DELETE', `/v1/shops/${shopId}/status`);
    expectDocumented(cleared, 'DELETE', one);
    expect(cleared.body).toEqual({ cleared: true });
  }
  expect((await town.ask('GET', `/v1/shops/${first}/status`)).body).toEqual({ shopId: first, status: null });
  expect((await idsOf()).slice(0, 2)).toEqual([first, second]);
  const refused = await town.ask('PUT', `/v1/shops/${first}/status`, { open: false, until: 'tomorrow' });
  expect(refused).toMatchObject({ status: 400, body: { error: { field: 'until' } } });
  const past = await town.ask('PUT', `/v1/shops/${first}/status`, {
    open: false,
    until: '2000-01-01T00:00:00Z',
  });
  expect(past).toMatchObject({ status: 422, body: { error: { field: 'until' } } });
});

test('GET /v1/shops/{shopId} is the record of the catalog', async () => {
  const answer = await town.ask('GET', '/v1/shops/s42');
  expectDocumented(answer, 'GET', '/v1/shops/{shopId}');
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(town.engine.shop('s42'))));
  expect(answer.body.version).toBe('town');
});

test('GET /v1/shops/{shopId}/similar finds shops that reach the location, without the shop itself', async () => {
  const { lon, lat } = TOWN_CENTER;
  const path = `/v1/shops/s42/similar?lon=${lon}&lat=${lat}&limit=4`;
  const answer = await town.ask('GET', `${path}&openOnly=false`);
  expectDocumented(answer, 'GET', '/v1/shops/{shopId}/similar');
  const shopIds = answer.body.shops.map((shop: { shopId: string }) => shop.shopId);
  expect(shopIds).toHaveLength(4);
  expect(shopIds).not.toContain('s42');
  for (const openOnly of ['true', 'known'])
    expect((await town.ask('GET', `${path}&openOnly=${openOnly}`)).body.candidateCount).toBeLessThan(
      answer.body.candidateCount,
    );
});

test('actions are recorded once, listed newest first, change the next answer, and can be erased', async () => {
  const actions = [
    { id: 'r1', userId: 'u/1 é', type: 'search', keyword: '짜장면', at: '2026-11-22T03:00:00Z' },
    { id: 'r2', userId: 'u/1 é', type: 'view', shopId: 's42', at: '2026-11-22T12:01:00.5+09:00' },
  ];
  const user = `/v1/users/${encodeURIComponent('u/1 é')}/actions`;
  const recorded = await town.ask('POST', '/v1/actions', { actions });
  expectDocumented(recorded, 'POST', '/v1/actions', 202);
  expect(recorded.body).toEqual({ accepted: 2, duplicates: 0 });
  expect((await town.ask('POST', '/v1/actions', { actions })).body).toEqual({ accepted: 0, duplicates: 2 });

  const listed = await town.ask('GET', user);
  expectDocumented(listed, 'GET', '/v1/users/{userId}/actions');
  expect(listed.body).toEqual({
    userId: 'u/1 é',
    actions: [
      { id: 'r2', type: 'view', shopId: 's42', at: '2026-11-22T03:01:00.500Z' },
      { id: 'r1', type: 'search', keyword: '짜장면', at: '2026-11-22T03:00:00.000Z' },
    ],
  });
  expect((await town.ask('GET', `${user}?limit=1`)).body.actions).toHaveLength(1);
  const request = { userId: 'u/1 é', location: TOWN_CENTER, at: '2026-11-22T03:02:00Z' };
  expect((await town.ask('POST', '/v1/recommendations', request)).body.basis).toBe('actions');

  const erased = await town.ask('DELETE', user);
  expectDocumented(erased, 'DELETE', '/v1/users/{userId}/actions');
  expect(erased.body).toEqual({ erased: 2 });
  expect((await town.ask('GET', user)).body.actions).toEqual([]);
  expect((await town.ask('POST', '/v1/recommendations', request)).body.basis).toBe('popular');
});

test('what was shown is recorded by an answerId or a shopId, in JSON and in NDJSON, and listed with its shops', async () => {
  const answerId = madeAnswerId('town', [0, 3]);
  const facts = { userId: 'shown', type: 'impression', at: '2026-11-22T03:00:00.000Z' };
  const impressions = [
    { id: 'i1', ...facts, answerId },
    { id: 'i2', ...facts, shopId: 's42', weight: 0.5 },
  ];
  const recorded = await town.ask('POST', '/v1/actions', { actions: impressions.slice(0, 1) });
  expectDocumented(recorded, 'POST', '/v1/actions', 202);
  expect(recorded.body).toEqual({ accepted: 1, duplicates: 0 });
  const shipped = await fetch(`${town.url}/v1/actions`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: impressions.map((impression) => JSON.stringify(impression)).join('\n'),
  });
  expect([shipped.status, await shipped.json()]).toEqual([202, { accepted: 1, duplicates: 1 }]);

  const listed = await town.ask('GET', '/v1/users/shown/actions');
  expectDocumented(listed, 'GET', '/v1/users/{userId}/actions');
  const { type, at } = facts;
  expect(listed.body.actions).toEqual([
    { id: 'i2', type, shopIds: ['s42'], weight: 0.5, at },
    { id: 'i1', type, shopIds: [expect.any(String), expect.any(String)], at },
  ]);
  for (const shopId of listed.body.actions[1].shopIds)
    expect((await town.ask('GET', `/v1/shops/${shopId}`)).status).toBe(200);
  expect((await town.ask('DELETE', '/v1/users/shown/actions')).body).toEqual({ erased: 2 });
});

test('POST /v1/actions reads a bare array and NDJSON, as log shippers send them', async () => {
  const action = (id: string) => ({ id, userId: 'shipped', type: 'search', keyword: '피자' });
  expect((await town.ask('POST', '/v1/actions', [action('n1')])).body).toEqual({
    accepted: 1,
    duplicates: 0,
  });
  const lines = `${JSON.stringify(action('n2'))}\r\n\n${JSON.stringify(action('n3'))}`;
  for (const type of ['application/x-ndjson', 'Application/X-NDJSON; charset=UTF-8']) {
    const answer = await fetch(`${town.url}/v1/actions`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: lines,
    });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({});
  }
  expect((await town.ask('GET', '/v1/users/shipped/actions')).body.actions).toHaveLength(3);
});

test('one byte order mark in front of a body is no part of it', async () => {
  const answer = await fetch(`${town.url}/v1/recommendations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `\uFEFF${JSON.stringify({ location: TOWN_CENTER })}`,
  });
  expect(answer.status).toBe(200);
});

test('GET /v1/keywords completes a prefix, most used first', async () => {
  const answer = await town.ask('GET', `/v1/keywords?prefix=${encodeURIComponent('짜')}&limit=2`);
  expectDocumented(answer, 'GET', '/v1/keywords');
  expect(answer.body.keywords).toEqual(town.engine.keywords('짜', 2));
  expect(answer.body.keywords[0].keyword).toBe('짜장면');
  expect((await town.ask('GET', '/v1/keywords')).body.keywords).toHaveLength(20);
});

test('snapshots are listed, activated and rolled back', async () => {
  const activeVersion = async () => {
    const answer = await town.ask('GET', '/v1/snapshots');
    expectDocumented(answer, 'GET', '/v1/snapshots');
    expect(answer.body.snapshots).toHaveLength(2);
    return answer.body.snapshots.find((snapshot: { active: boolean }) => snapshot.active).version;
  };
  expect(await activeVersion()).toBe('town');
  const activated = await town.ask('POST', '/v1/snapshots/activate', { version: 'town-2' });
  expectDocumented(activated, 'POST', '/v1/snapshots/activate');
  expect(activated.body).toEqual({ version: 'town-2', previous: 'town' });
  expect(await activeVersion()).toBe('town-2');
  const rolledBack = await town.ask('POST', '/v1/snapshots/rollback');
  expectDocumented(rolledBack, 'POST', '/v1/snapshots/rollback');
  expect(rolledBack.body.version).toBe('town');
  expect(await activeVersion()).toBe('town');
});

test('GET /livez and /readyz say that it runs and that it is ready', async () => {
  expectDocumented(await town.ask('GET', '/livez'), 'GET', '/livez');
  const ready = await town.ask('GET', '/readyz');
  expectDocumented(ready, 'GET', '/readyz');
  expect(ready.body).toEqual({ ready: true, version: 'town', storage: 'ok' });
});

test('GET /metrics counts requests by route and status, and shows the engine and the process', async () => {
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${town.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.slice(name.length));
  };
  const found = 'doorrank_requests_total{route="GET /v1/shops/{shopId}",status="200"}';
  const missing = 'doorrank_requests_total{route="GET /v1/shops/{shopId}",status="404"}';
  const before = { found: await metric(found), missing: await metric(missing) };
  await town.ask('GET', '/v1/shops/s1');
  await town.ask('GET', '/v1/shops/nobody');
  expect(await metric(found)).toBe(before.found + 1);
  expect(await metric(missing)).toBe(before.missing + 1);
  expect(await metric('doorrank_request_seconds_count{route="GET /v1/shops/{shopId}"}')).toBe(
    before.found + before.missing + 2,
  );
  const stats = town.engine.stats();
  expect(await metric('doorrank_similarities_total')).toBe(stats.similarityCount);
  expect(await metric('doorrank_actions_accepted_total')).toBe(stats.actionsAccepted);
  expect(await metric(`doorrank_kernel_info{build="${stats.kernel}",byte_pass="${stats.bytePass}"}`)).toBe(1);
  expect(await metric(`doorrank_active_version_info{version="town",mapped="${stats.mapped}"}`)).toBe(1);
  expect(await metric('doorrank_storage_state{state="ok"}')).toBe(1);
  expect(await metric('process_resident_memory_bytes')).toBeGreaterThan(0);
});

test('GET /docs is a page of this server alone, and browsers keep its files as long as they are the same', async () => {
  const page = await fetch(`${town.url}/docs`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; /);
  expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/);
  const references = Array.from(
    (await page.text()).matchAll(/(?:src|href)="([^"]*)"/g),
    (match) => match[1]!,
  );
  expect(references).toHaveLength(5);
  for (const reference of references) {
    const file = await fetch(new URL(reference, page.url));
    const type = file.headers.get('content-type')!;
    expect(type).toBe(
      reference.endsWith('.js')
        ? 'text/javascript; charset=utf-8'
        : reference.endsWith('.css')
          ? 'text/css; charset=utf-8'
          : 'image/png',
    );
    expect(file.headers.get('cache-control'), reference).toBe('no-cache');
    expect((await file.bytes()).length, reference).toBeGreaterThan(100);
    const etag = file.headers.get('etag');
    if (etag === null) continue;
    const again = await fetch(file.url, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()], reference).toEqual([304, '']);
  }
  for (const other of ['package.json', 'swagger-ui.js', '..%2fpackage.json', '%2e%2e']) {
    expect((await fetch(`${town.url}/docs/${other}`)).status, other).toBe(404);
  }
});

test('HEAD is GET without the body', async () => {
  const answer = await fetch(`${town.url}/v1/shops/s42`, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});
