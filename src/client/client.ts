/**
 * A client of the HTTP face, for browsers and Node: a method for every route, typed by the route itself.
 * It needs `fetch` and `URL`. What it imports are types, so it loads nothing.
 */
import type { z } from 'zod';
import type { RecordActions } from '../http/actions.ts';
import type { RecommendBatch } from '../http/batch.ts';
import type { Explain } from '../http/explanations.ts';
import type { Liveness, Readiness } from '../http/health.ts';
import type { ListKeywords } from '../http/keywords.ts';
import type { OpenApi } from '../http/open-api.ts';
import type { Recommend } from '../http/recommendations.ts';
import type { Route } from '../http/route.ts';
import type { ClearStatus, GetStatus, SetStatus, SetStatuses } from '../http/shop-status.ts';
import type { GetShop, SimilarShops } from '../http/shops.ts';
import type { FindSimilarities } from '../http/similarities.ts';
import type { ActivateSnapshot, ListSnapshots, RollBackSnapshot } from '../http/snapshots.ts';
import type { UserRecommendations } from '../http/user-recommendations.ts';
import type { StreamRecommendations } from '../http/user-stream.ts';
import type { EraseActions, ListActions } from '../http/users.ts';

export interface ClientOptions {
  /** Where the server is, such as `http://127.0.0.1:8080`; `location.origin` in a page behind the same address. */
  readonly url: string;
  /** Bearer token, if the server asks for one. */
  readonly token?: string | undefined;
  /** Sends the requests. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * How long a whole answer may take, or one of many parts to begin, milliseconds. Default 10,000; Infinity: as long as
   * it takes.
   */
  readonly timeoutMs?: number | undefined;
}

export interface CallOptions {
  /** Gives the call up: it then rejects with the reason of the signal, as `fetch` does. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why a call has no answer.
 *
 * `code` is the server's, such as `out_of_bounds` or `overloaded`, or one of the client's own: `timeout`,
 * `unreachable`, `unsendable` (an id that no URL can hold), all with status 0, or `unreadable` (an answer that is not of
 * a Doorrank server).
 */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Of the answer; 0 without one. */
  readonly status: number;
  readonly code: string;
  /** Path of the refused value in the request, such as `location.lon`. */
  readonly field: string | undefined;
  /** When to ask again, if the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, more: ClientErrorDetails = {}) {
    super(message, more);
    this.status = status;
    this.code = code;
    this.field = more.field;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

interface ClientErrorDetails {
  readonly field?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Calls a route with what it takes in one object: the parameters of its path, beside them those of its query or the
 * fields of its body. Rejects with `ClientError`, or with the reason of the signal that gave it up.
 *
 * Its parameters are plain shapes, not a route: the compiler writes them out in what it emits, which then leads to no
 * types of the server, and through them of Node.
 */
type Call<Request, Answer> = unknown extends Request
  ? (request?: undefined, options?: CallOptions) => Promise<Answer>
  : Partial<Request> extends Request
    ? (request?: Request, options?: CallOptions) => Promise<Answer>
    : (request: Request, options?: CallOptions) => Promise<Answer>;

/** A part of an answer: what the route documents, or why there is none in this place. Further parts may follow. */
type Parts<Answer> = AsyncGenerator<Answer | ClientError, void>;
/** Sends requests in one body and yields their answers, in the same order, as they arrive. Throws as `Call` rejects. */
type BatchCall<Request, Answer> = (requests: Iterable<Request>, options?: CallOptions) => Parts<Answer>;
/** Yields what the server sends until one side ends it, the caller by leaving its loop. Throws as `Call` rejects. */
type StreamCall<Request, Answer> = (request: Request, options?: CallOptions) => Parts<Answer>;

export type Client = ReturnType<typeof createClient>;
/** What a method takes, such as `RequestOf<'recommend'>`. */
export type RequestOf<Method extends keyof Client> = NonNullable<Parameters<Client[Method]>[0]>;
/** What a method resolves with. */
export type AnswerOf<Method extends keyof Client> = Awaited<ReturnType<Client[Method]>>;

const TIMEOUT_MS_DEFAULT = 10_000;
/** A timer that is set for longer goes off at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Sends nothing yet. Throws TypeError for a `url` that is none. */
export function createClient(options: ClientOptions) {
  const server = serverOf(options);
  const json = <R extends Route>(place: R['place']) => calling<R>(server, place, readJson);
  const text = <Place extends string>(place: Place) =>
    calling<Route<Place, z.ZodString>>(server, place, readText);
  const lines = <R extends Route>(place: R['place']) => batching<R>(server, place);
  const events = <R extends Route>(place: R['place']) => streaming<R>(server, place);
  // The table of ../http/app.ts again, each route under its operationId.
  return {
    recordActions: json<RecordActions>('POST /v1/actions'),
    recommend: json<Recommend>('POST /v1/recommendations'),
    recommendBatch: lines<RecommendBatch>('POST /v1/recommendations:batch'),
    explain: json<Explain>('POST /v1/explanations'),
    similarities: json<FindSimilarities>('POST /v1/similarities'),
    getShop: json<GetShop>('GET /v1/shops/{shopId}'),
    similarShops: json<SimilarShops>('GET /v1/shops/{shopId}/similar'),
    setShopStatuses: json<SetStatuses>('PUT /v1/shops/status'),
    setShopStatus: json<SetStatus>('PUT /v1/shops/{shopId}/status'),
    getShopStatus: json<GetStatus>('GET /v1/shops/{shopId}/status'),
    clearShopStatus: json<ClearStatus>('DELETE /v1/shops/{shopId}/status'),
    listActions: json<ListActions>('GET /v1/users/{userId}/actions'),
    eraseActions: json<EraseActions>('DELETE /v1/users/{userId}/actions'),
    userRecommendations: json<UserRecommendations>('GET /v1/users/{userId}/recommendations'),
    streamRecommendations: events<StreamRecommendations>('GET /v1/users/{userId}/stream'),
    listSnapshots: json<ListSnapshots>('GET /v1/snapshots'),
    activateSnapshot: json<ActivateSnapshot>('POST /v1/snapshots/activate'),
    rollBackSnapshot: json<RollBackSnapshot>('POST /v1/snapshots/rollback'),
    listKeywords: json<ListKeywords>('GET /v1/keywords'),
    liveness: json<Liveness>('GET /livez'),
    readiness: json<Readiness>('GET /readyz'),
    metrics: text('GET /metrics'),
    openApi: json<OpenApi>('GET /openapi.json'),
  };
}

/** What every call needs to know of the server. */
interface Server {
  /** Its URL, without a slash at the end. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly send: typeof fetch;
  readonly timeoutMs: number;
}

function serverOf({
  url,
  token,
  fetch: send = fetch,
  timeoutMs = TIMEOUT_MS_DEFAULT,
}: ClientOptions): Server {
  const { protocol, origin, pathname } = new URL(url);
  if (!/^https?:$/.test(protocol))
    throw new TypeError(`the url must begin with http:// or https://, got ${url}`);
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { base: origin + pathname.replace(/\/$/, ''), headers, send, timeoutMs };
}

type Written = readonly [url: string, init: RequestInit];
type Read<T> = (response: Response, place: string) => Promise<T>;

function calling<R extends Route>(
  server: Server,
  place: string,
  read: Read<R['answer']>,
): Call<R['request'], R['answer']> {
  const call = async (request?: object, { signal }: CallOptions = {}): Promise<R['answer']> =>
    answered(server, place, written(server, place, request), signal, read);
  return call as Call<R['request'], R['answer']>;
}

/** Sends a request and reads its answer, both within the time that the client allows. */
async function answered<T>(
  server: Server,
  place: string,
  [url, init]: Written,
  signal: AbortSignal | undefined,
  read: Read<T>,
): Promise<T> {
  const { send, timeoutMs } = server; // not as a method, which browsers refuse
  const deadline = new AbortController();
  const signals = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  const timer = timeoutMs <= TIMER_MS_MAX ? setTimeout(() => deadline.abort(), timeoutMs) : undefined;
  try {
    const response = await send(url, { ...init, signal: signals });
    if (!response.ok) throw await refusal(response, place);
    return await read(response, place);
  } catch (error) {
    if (error instanceof ClientError) throw error;
    signal?.throwIfAborted();
    throw deadline.signal.aborted ? timedOut(place, server) : unreachable(place, server, error);
  } finally {
    clearTimeout(timer);
  }
}

function batching<R extends Route>(server: Server, place: string): BatchCall<R['request'], R['answer']> {
  return async function* call(requests, { signal } = {}) {
    const [url, init] = written(server, place);
    const headers = { ...server.headers, 'content-type': 'application/x-ndjson' };
    const body = Array.from(requests, (request) => `${JSON.stringify(request)}\n`).join('');
    for await (const line of partsOf(server, place, [url, { ...init, headers, body }], signal, '\n')) {
      yield valueIn(line) as R['answer'];
    }
  };
}

function streaming<R extends Route>(server: Server, place: string): StreamCall<R['request'], R['answer']> {
  return async function* call(request, { signal } = {}) {
    const sent = written(server, place, request as object);
    for await (const event of partsOf(server, place, sent, signal, '\n\n')) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield valueIn(data) as R['answer']; // else a comment that keeps the connection open
    }
  };
}

function valueIn(json: string): unknown {
  const value = JSON.parse(json) as ErrorBody;
  const { error } = value;
  return error === undefined
    ? value
    : new ClientError(200, error.code, error.message, { field: error.field });
}

/** The parts of an answer, each with `end` behind it, as they arrive; no longer bound to a time. */
async function* partsOf(
  server: Server,
  place: string,
  sent: Written,
  signal: AbortSignal | undefined,
  end: string,
): AsyncGenerator<string, void> {
  const response = await answered(server, place, sent, signal, async (begun) => begun);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal?.throwIfAborted();
        throw unreachable(place, server, error);
      });
      if (done && rest === '') return;
      if (done) throw unreachable(place, server, new Error(`the answer ends within ${rest.slice(0, 60)}`));
      const parts = (rest + value).split(end);
      rest = parts.pop()!;
      yield* parts;
    }
  } finally {
    void reader.cancel().catch(() => {}); // closes the connection of who leaves before the end
  }
}

/** The URL and the `init` that `fetch` takes: some of the request stands in the path, the rest is query or JSON. */
function written({ base, headers }: Server, place: string, request?: object): Written {
  const [method, template] = place.split(' ') as [string, string];
  const rest: Record<string, unknown> = { ...request };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const part = pathPart(name, rest[name]);
    delete rest[name];
    return part;
  });
  if (method === 'GET' || method === 'DELETE') return [base + path + queryOf(rest), { method, headers }];
  if (request === undefined) return [base + path, { method, headers }];
  const body = JSON.stringify(Array.isArray(request) ? request : rest);
  return [base + path, { method, headers: { ...headers, 'content-type': 'application/json' }, body }];
}

/** Dots alone, escaped ones too, are steps between the folders of a URL: they would lead to another route. */
function pathPart(name: string, value: unknown): string {
  if (typeof value === 'string' && !['', '.', '..'].includes(value)) return escaped(name, value);
  throw unsendable(
    name,
    `must be text other than "", "." and "..", which no URL can hold, got ${String(value)}`,
  );
}

function queryOf(parameters: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${escaped(name, String(value))}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function escaped(name: string, text: string): string {
  if (text.isWellFormed()) return encodeURIComponent(text);
  throw unsendable(name, 'must be whole Unicode text, without half characters');
}

function readText(response: Response): Promise<string> {
  return response.text();
}

async function readJson(response: Response, place: string): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(response, place, error);
  }
}

/** The error that a refusing answer holds. */
async function refusal(response: Response, place: string): Promise<ClientError> {
  const body = (await readJson(response, place)) as ErrorBody | null;
  if (typeof body?.error?.code !== 'string') return unreadable(response, place);
  const { code, message, field } = body.error;
  return new ClientError(response.status, code, message, { field, ...retryAfter(response) });
}

interface ErrorBody {
  readonly error?: { readonly code: string; readonly message: string; readonly field?: string };
}

/** Of Retry-After in seconds, as Doorrank sends it; a date there is left to the caller's own judgement. */
function retryAfter({ headers }: Response): { readonly retryAfterSeconds?: number } {
  const seconds = headers.get('retry-after') ?? '';
  return /^\d+$/.test(seconds) ? { retryAfterSeconds: Number(seconds) } : {};
}

function unreadable(response: Response, place: string, cause?: unknown): ClientError {
  const message = `${place} was answered with ${response.status} and no JSON of a Doorrank server; see what answers at ${response.url}`;
  return new ClientError(response.status, 'unreadable', message, { cause, ...retryAfter(response) });
}

function unsendable(field: string, reason: string): ClientError {
  return new ClientError(0, 'unsendable', `${field} ${reason}`, { field });
}

function timedOut(place: string, { base, timeoutMs }: Server): ClientError {
  const message = `${place} was not answered by ${base} within ${timeoutMs} ms; ask again, or allow more with timeoutMs`;
  return new ClientError(0, 'timeout', message);
}

function unreachable(place: string, { base }: Server, cause: unknown): ClientError {
  const message = `${place} found no answer at ${base}; see whether a server listens there`;
  return new ClientError(0, 'unreachable', message, { cause });
}
