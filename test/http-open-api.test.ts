/** The OpenAPI document describes every route and nothing else, and every example in it works. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { weightOf } from '../src/recommender/action-weights.ts';
import { documentedApp, openTown, TOWN_CENTER, type Town } from './http-town.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: { readonly example?: string | number | boolean };
}
/** One example, or several by name. */
interface Exemplified {
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}
interface Documented {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { schema: object } & Exemplified>>;
  };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}
interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let town: Town;
let document: OpenApi;
beforeAll(async () => {
  // The first version is the one that examples name.
  town = await openTown(['2026-11-22', 'town']);
  await town.engine.activate('town');
  document = (await town.ask('GET', '/openapi.json')).body;
});
afterAll(() => town.close());

function operations(): (Documented & { readonly method: string; readonly path: string })[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
}

/** Every value under the key `$ref`, anywhere. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' ? [inner as string] : references(inner),
  );
}

test('it is a whole OpenAPI 3.1 document', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ title: 'Doorrank', version: '1' });
  for (const { path, method, parameters = [], responses, summary } of operations()) {
    const place = `${method} ${path}`;
    expect(summary, place).toMatch(/\S/);
    const inPath = parameters.filter((parameter) => parameter.in === 'path');
    const inTemplate = Array.from(path.matchAll(/\{(\w+)\}/g), (match) => match[1]);
    expect(new Set(inPath.map(({ name }) => name)), place).toEqual(new Set(inTemplate));
    expect(
      inPath.every(({ required }) => required === true),
      place,
    ).toBe(true);
    expect(
      Object.keys(responses).some((status) => /^2\d\d$/.test(status)),
      place,
    ).toBe(true);
    for (const response of Object.values(responses)) expect(response.description, place).toMatch(/\S/);
  }
  const ids = operations().map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every reference in it leads to a schema', () => {
  const found = new Set(references(document));
  expect(found.size).toBeGreaterThan(5);
  const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
  expect([...found].filter((reference) => !known.includes(reference))).toEqual([]);
});

test('it has exactly the routes that are served, but for the page that shows it', () => {
  const app = documentedApp(town.engine);
  const served = app.routes.map(({ method, path }) => `${method} ${path.replace(/\/:(\w+)/g, '/{$1}')}`);
  const described = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  const shown = ['GET /docs', 'GET /docs/{file}'];
  expect([...described, ...shown].sort()).toEqual(served.sort());
});

test('every parameter and every body has an example', () => {
  for (const { path, method, parameters = [], requestBody } of operations()) {
    for (const { name, schema } of parameters)
      expect(schema, `${method} ${path} ${name}`).toHaveProperty('example');
    for (const [type, content] of Object.entries(requestBody?.content ?? {})) {
      expect(examplesOf(content), `${method} ${path} ${type}`).not.toEqual([]);
    }
  }
});

test('a filter is documented as it is accepted: bare values, conditions, filters within filters', async () => {
  const { body } = await town.ask('GET', '/openapi.json');
  const { RecommendRequest, Filter } = body.components.schemas;
  expect(JSON.stringify(RecommendRequest.properties.filter)).toContain('"#/components/schemas/Filter"');
  const itself = { $ref: '#/components/schemas/Filter' };
  expect(Filter.properties).toMatchObject({ and: { items: itself }, or: { items: itself }, not: itself });
  const [bare, conditions] = Filter.additionalProperties.anyOf;
  expect(bare.type).toEqual(['string', 'number', 'boolean']);
  const [category, price] = [
    { prefix: 'chi', exists: true },
    { min: 1, max: 90_000, nearViewed: 0.5 },
  ];
  const rating = { in: [4.5], eq: 4.5 };
  const named = Object.keys({ ...category, ...price, ...rating, contains: 'x' });
  expect(Object.keys(conditions.properties).sort()).toEqual(named.sort());
  const filter = { spicy: true, and: [{ category }], or: [{ price }, { not: { rating } }] };
  const asked = { location: TOWN_CENTER, openOnly: false, filter }; // whatever the hour of the test
  const answered = await town.ask('POST', '/v1/recommendations', asked);
  expect(answered.status).toBe(200);
  expect(answered.body.shops.length).toBeGreaterThan(0);
});

test('what actions of a type count if nobody says it is documented as it is', () => {
  const weight = weightOf({ type: 'dismiss', shopId: 's1', atMs: 0, weight: 1 }, {});
  expect(JSON.stringify(document.components.schemas['RecommendRequest'])).toContain(
    `1 if absent, \\"dismiss\\" ${weight}. `,
  );
});

test('every example is answered as documented', async () => {
  for (const operation of operations()) {
    for (const [type, content] of Object.entries(operation.requestBody?.content ?? { none: undefined })) {
      for (const example of content === undefined ? [undefined] : examplesOf(content)) {
        const response = await fetch(exampleUrl(operation.path, operation.parameters ?? []), {
          method: operation.method.toUpperCase(),
          ...(example !== undefined && { headers: { 'content-type': type }, body: bodyText(example) }),
        });
        const answerType = response.headers.get('content-type')!;
        const text = answerType === EVENT_STREAM ? await firstEvent(response) : await response.text();
        const place = `${operation.method} ${operation.path} ${type}: ${text}`;
        expect(response.status, place).toBeLessThan(300);
        const documented = Object.keys(operation.responses[response.status]?.content ?? {});
        expect(
          documented.some((known) => answerType.startsWith(known)),
          place,
        ).toBe(true);
        const streamed = streamedIn(answerType, text);
        expect(streamed, place).toHaveLength(
          answerType === NDJSON ? linesOf(bodyText(example)).length : streamed.length,
        );
        for (const value of streamed) expect(value, place).toHaveProperty('candidateCount');
      }
    }
  }
});

const NDJSON = 'application/x-ndjson';
const EVENT_STREAM = 'text/event-stream';

/** What is in an answer of several parts; nothing in any other. */
function streamedIn(type: string, text: string): unknown[] {
  if (type === NDJSON) return linesOf(text).map((line) => JSON.parse(line));
  if (type !== EVENT_STREAM) return [];
  const [, data] = /^id: 1\nevent: recommendation\ndata: (.*)$/.exec(text) ?? [];
  return [JSON.parse(data ?? `"${text}"`)];
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

/** The first event of a stream, which goes on until somebody leaves. */
async function firstEvent(response: Response): Promise<string> {
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const end = text.indexOf('\n\n');
    if (end !== -1) return text.slice(0, end);
  }
  throw new Error(`the stream ended after ${text}`);
}

function examplesOf({ example, examples = {} }: Exemplified): unknown[] {
  const named = Object.values(examples).map(({ value }) => value);
  return example === undefined ? named : [example, ...named];
}

function bodyText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example);
}

function exampleUrl(path: string, parameters: readonly Parameter[]): string {
  const url = new URL(town.url);
  url.pathname = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(parameters.find((parameter) => parameter.name === name)!.schema.example)),
  );
  for (const parameter of parameters) {
    if (parameter.in === 'query') url.searchParams.set(parameter.name, String(parameter.schema.example));
  }
  return url.href;
}
