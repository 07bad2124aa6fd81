/** The client has a method for every route of a real server, sends what it is given, and says why there is no answer. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ClientError, createClient } from '../src/client/client.ts';
import { RecommendationSchema } from '../src/http/recommendations.ts';
import { documentedAnswer, openTown, TOWN_CENTER, type Town } from './http-town.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly schema: { readonly example: unknown } }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Exemplified>> };
}
interface Exemplified {
  /** Text of NDJSON. */
  readonly example?: object | string;
  readonly examples?: Readonly<Record<string, { readonly value: object }>>;
}
/** A method as this test calls all of them: with an example of the document. */
type Method = (request?: object) => Promise<unknown> | AsyncGenerator<unknown, void>;

let town: Town;
let operations: readonly Operation[];
beforeAll(async () => {
  // The first version is the one that examples name.
  town = await openTown(['2026-11-22', 'town']);
  await town.engine.activate('town');
  const { paths } = (await town.ask('GET', '/openapi.json')).body;
  operations = Object.entries<Record<string, Operation>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
});
afterAll(() => town.close());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** The URL of a server that answers in a way Doorrank does not. */
async function foreignServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function refusalOf(answer: Promise<unknown>): Promise<ClientError> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}

/** What the document shows how to ask: nothing, parameters, a JSON body, or parameters beside a body. */
function exampleRequests({ parameters = [], requestBody }: Operation): (object | undefined)[] {
  const inUrl = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema.example]));
  if (requestBody === undefined) return [parameters.length > 0 ? inUrl : undefined];
  const { example, examples = {} } = Object.values(requestBody.content)[0]!;
  if (typeof example === 'string') return [linesOf(example)];
  const bodies = example === undefined ? Object.values(examples).map(({ value }) => value) : [example];
  return bodies.map((body) => ({ ...inUrl, ...body }));
}

function linesOf(ndjson: string): object[] {
  return ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** What an example is answered: the whole, or its parts, of which only the first where they go on until one leaves. */
async function answersOf(answer: ReturnType<Method>, partCount: number): Promise<unknown[]> {
  if (answer instanceof Promise) return [await answer];
  const parts: unknown[] = [];
  for await (const part of answer) {
    parts.push(part);
    if (parts.length === partCount) break;
  }
  return parts;
}

test('every operation of the document has a method of its name, and there are no others', () => {
  const documented = operations.map(({ operationId }) => operationId);
  expect(Object.keys(createClient({ url: town.url })).sort()).toEqual(documented.sort());
});

test('every method asks its route as the document shows it, and its answer is the documented one', async () => {
  let asked: { method: string; pathname: string; status: number } | undefined;
  const client = createClient({
    url: town.url,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const { pathname } = new URL(response.url);
      asked = { method: init!.method!.toLowerCase(), pathname, status: response.status };
      return response;
    },
  }) as unknown as Readonly<Record<string, Method>>;
  for (const operation of operations) {
    const { operationId, method, path } = operation;
    for (const request of exampleRequests(operation)) {
      const answer = client[operationId]!(request);
      const partCount = Array.isArray(request) ? request.length : 1;
      const answers = await answersOf(answer, partCount);
      expect(answers, operationId).toHaveLength(partCount);
      const inPath = request as Readonly<Record<string, string>>;
      const pathname = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(inPath[name]!));
      expect(asked, operationId).toMatchObject({ method, pathname });
      const whole = documentedAnswer(town.engine, method, path, asked!.status);
      const schema = answer instanceof Promise ? whole : RecommendationSchema;
      for (const each of answers) {
        expect(schema.safeParse(each).error, `${operationId}: ${JSON.stringify(each)}`).toBeUndefined();
      }
    }
  }
});

test('ids and texts reach the server as they are, and a path before the routes is kept', async () => {
  const seen: string[] = [];
  const proxy = await foreignServer((incoming, outgoing) => {
    seen.push(incoming.url!);
    void fetch(town.url + incoming.url!.replace(/^\/to\/doorrank/, ''), { method: incoming.method! })
      .then((response) => response.text())
      .then((text) => outgoing.end(text));
  });
  const userId = 'u/1 é?a=%2e&b#c+d:짜';
  const recorder = createClient({ url: town.url });
  await recorder.recordActions([{ id: 'odd', userId, type: 'search', keyword: 'a+b &=#%' }]);
  for (const url of [`${proxy}/to/doorrank`, `${proxy}/to/doorrank/?a=b#c`]) {
    const client = createClient({ url });
    const { actions } = await client.listActions({ userId, limit: 5 });
    expect(actions).toMatchObject([{ id: 'odd', keyword: 'a+b &=#%' }]);
    const { keywords } = await client.listKeywords({ prefix: '짜장', limit: undefined });
    expect(keywords[0]).toEqual({ keyword: '짜장면' });
    expect((await client.listKeywords({ prefix: 'a+b &=#%' })).keywords).toEqual([]);
  }
  expect(seen.filter((path) => !path.startsWith('/to/doorrank/v1/'))).toEqual([]);
  expect(await recorder.eraseActions({ userId })).toEqual({ erased: 1 });
});

test('an id that no URL can hold is not sent: it would lead to another route', async () => {
  const client = createClient({ url: town.url, fetch: () => expect.fail('sent') });
  for (const userId of ['', '.', '..', '\ud800', undefined as unknown as string]) {
    const refused = await refusalOf(client.eraseActions({ userId }));
    expect(refused).toMatchObject({ status: 0, code: 'unsendable', field: 'userId' });
    expect(refused.message).toMatch(/^userId must be /);
  }
});

test('a refusal is an error with the status, code, message and field that the server gave', async () => {
  const client = createClient({ url: town.url });
  const outside = await refusalOf(client.recommend({ location: { lon: 181, lat: 0 } }));
  const { status, body } = await town.ask('POST', '/v1/recommendations', { location: { lon: 181, lat: 0 } });
  expect(outside).toMatchObject({ name: 'ClientError', status, ...body.error });
  expect(outside).toMatchObject({ status: 422, field: 'location.lon', retryAfterSeconds: undefined });
  const unknown = await refusalOf(client.getShop({ shopId: 'nowhere' }));
  expect(unknown).toMatchObject({ status: 404, code: 'shop_unknown', field: undefined });
});

test('when to ask again is passed on', async () => {
  const empty = await openTown([]);
  const refused = await refusalOf(createClient({ url: empty.url }).readiness());
  expect(refused).toMatchObject({ status: 503, code: 'not_ready', retryAfterSeconds: 5 });
  await empty.close();
});

test('the token goes along', async () => {
  const guarded = await openTown(['town'], { token: 'open sesame' });
  const { url } = guarded;
  expect(await refusalOf(createClient({ url }).listSnapshots())).toMatchObject({ code: 'unauthorized' });
  const { snapshots } = await createClient({ url, token: 'open sesame' }).listSnapshots();
  expect(snapshots).toHaveLength(1);
  await guarded.close();
});

test('a signal gives a call up, with its own reason', async () => {
  const url = await foreignServer((_, outgoing) => outgoing.write('{')); // and never the rest
  const client = createClient({ url, timeoutMs: Infinity });
  const reason = new Error('the user has left');
  const leaving = new AbortController();
  const answer = client.recommend({ location: TOWN_CENTER }, { signal: leaving.signal });
  leaving.abort(reason);
  await expect(answer).rejects.toBe(reason);
  await expect(client.listSnapshots(undefined, { signal: leaving.signal })).rejects.toBe(reason);
});

test('a server that does not answer in time, or not to the end, or not at all', async () => {
  const silent = await foreignServer(() => {});
  const halting = await foreignServer((_, outgoing) => outgoing.write('{'));
  for (const url of [silent, halting]) {
    const late = await refusalOf(createClient({ url, timeoutMs: 50 }).liveness());
    expect(late).toMatchObject({ status: 0, code: 'timeout' });
    expect(late.message).toBe(
      `GET /livez was not answered by ${url} within 50 ms; ask again, or allow more with timeoutMs`,
    );
  }
  const cutting = await foreignServer((incoming) => incoming.destroy());
  const cut = await refusalOf(createClient({ url: cutting }).liveness());
  expect(cut).toMatchObject({ status: 0, code: 'unreachable', cause: expect.any(TypeError) });
});

test('an answer of something else than Doorrank is said to be one', async () => {
  for (const [status, body] of [
    [502, '<h1>Bad Gateway</h1>'],
    [502, '{"error":"bad gateway"}'],
    [502, 'null'],
    [200, '<h1>Welcome</h1>'],
  ] as const) {
    const url = await foreignServer((_, outgoing) =>
      outgoing.writeHead(status, { 'retry-after': '7' }).end(body),
    );
    const unreadable = await refusalOf(createClient({ url }).getShop({ shopId: 's42' }));
    expect(unreadable, body).toMatchObject({ status, code: 'unreadable', retryAfterSeconds: 7 });
    expect(unreadable.message, body).toContain(`${url}/v1/shops/s42`);
  }
});

test('a url that is none is refused when the client is made', () => {
  for (const url of ['', '/v1', 'localhost:8080', 'ftp://127.0.0.1']) {
    expect(() => createClient({ url }), url).toThrow(TypeError);
  }
});

test('a batch is answered line by line, and a refused line is an error in its place', async () => {
  const client = createClient({ url: town.url });
  const requests = Array.from({ length: 40 }, (_, i) => ({
    location: i === 7 ? { lon: 181, lat: 0 } : TOWN_CENTER,
    limit: 1 + (i % 5),
    openOnly: false,
  }));
  const answers: unknown[] = [];
  for await (const answer of client.recommendBatch(requests)) answers.push(answer);
  expect(answers).toHaveLength(requests.length);
  const counts = answers.map((answer) => (answer as { shops?: readonly unknown[] }).shops?.length);
  expect(counts).toEqual(requests.map(({ limit }, i) => (i === 7 ? undefined : limit)));
  expect(answers[7]).toBeInstanceOf(ClientError);
  expect(answers[7]).toMatchObject({ code: 'out_of_bounds', field: 'location.lon' });
  expect((answers[7] as ClientError).message).toMatch(/^line 8: /);
});

test('a stream tells of every change until its reader leaves', async () => {
  const client = createClient({ url: town.url });
  const request = { userId: 'watcher', ...TOWN_CENTER, limit: 3, openOnly: false };
  const bases: unknown[] = [];
  for await (const part of client.streamRecommendations(request)) {
    if (part instanceof ClientError) throw part;
    bases.push(part.basis);
    if (bases.length === 2) break;
    await client.recordActions([{ userId: 'watcher', type: 'search', keyword: '짜장면' }]);
  }
  expect(bases).toEqual(['popular', 'actions']);
  const leaving = new AbortController();
  const reason = new Error('the user has left');
  const stream = client.streamRecommendations(request, { signal: leaving.signal });
  await stream.next();
  leaving.abort(reason);
  await expect(stream.next()).rejects.toBe(reason);
});

test('parts that break off, or never begin, are no whole answer', async () => {
  const url = await foreignServer((incoming, outgoing) => {
    incoming.resume();
    outgoing.write('{"version":"a"}\n{"ver', () => outgoing.destroy());
  });
  const batch = createClient({ url }).recommendBatch([{ location: TOWN_CENTER }]);
  expect(await batch.next()).toEqual({ done: false, value: { version: 'a' } });
  expect(await refusalOf(batch.next())).toMatchObject({ status: 0, code: 'unreachable' });
  const refused = createClient({ url: town.url }).streamRecommendations({ userId: 'u', lon: 181, lat: 0 });
  expect(await refusalOf(refused.next())).toMatchObject({ status: 422, field: 'lon' });
});
