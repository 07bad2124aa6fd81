/** The one place that turns errors into statuses and bodies. Everything below speaks in codes. */
import { randomUUID } from 'node:crypto';
import { EngineError, RequestError, type EngineErrorCode } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

/** Something only HTTP knows can be wrong: a path, a method, a content type, a token, the size of a body. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** 500 marks what no request should be able to cause; it is answered as `internal` and logged with its stack. */
const STATUS_BY_CODE: Readonly<Record<EngineErrorCode, number>> = {
  shop_unknown: 404,
  version_unknown: 404,
  version_exists: 409,
  version_not_loaded: 409,
  no_previous_version: 409,
  store_changed: 409,
  action_conflict: 409,
  run_going_on: 409,
  run_lost: 409,
  // The request to activate was fine; it is the file in the store that stands against it.
  snapshot_invalid: 409,
  snapshot_format: 409,
  snapshot_too_large: 409,
  overloaded: 429,
  store_empty: 503,
  store_invalid: 503,
  storage_full: 503,
  storage_failed: 503,
  storage_busy: 503,
  closed: 503,
  input_invalid: 500,
  port_unavailable: 500,
  file_unreadable: 500,
};

/** An overload passes in moments; a full disk or a missing snapshot waits for a person. */
const RETRY_AFTER_SECONDS: Readonly<Record<number, string>> = { 429: '1', 503: '5' };

/** An error as its caller hears it. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly field?: string };
  };
}

/** Answers `error` in the one shape, and tells `log` what an operator should know. */
export function errorResponse(error: unknown, log: Log): Response {
  const { status, headers, body } = refusalOf(error, log);
  if (status === 503 && error instanceof EngineError) log.warn({ code: error.code }, error.message);
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** What to say of `error`; `log` is told of nothing but our own failures. */
export function refusalOf(error: unknown, log: Log): Refusal {
  if (error instanceof RequestError) {
    return refusal(error.kind === 'malformed' ? 400 : 422, error.kind, error.message, error.field);
  }
  if (error instanceof HttpError) return refusal(error.status, error.code, error.message, '', error.headers);
  if (error instanceof EngineError) {
    const status = STATUS_BY_CODE[error.code];
    if (status !== 500) return refusal(status, error.code, error.message);
  }
  return internal(error, log);
}

/** What went wrong inside stays inside: the caller gets an id, the log has the rest under it. */
function internal(error: unknown, log: Log): Refusal {
  const requestId = randomUUID();
  log.error({ requestId, err: error }, 'a request failed inside the server');
  return refusal(500, 'internal', `the server failed on this request; its log says why under ${requestId}`);
}

function refusal(
  status: number,
  code: string,
  message: string,
  field = '',
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const retryAfter = RETRY_AFTER_SECONDS[status];
  return {
    status,
    headers: { ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }), ...headers },
    body: { error: { code, message, ...(field === '' ? {} : { field }) } },
  };
}
