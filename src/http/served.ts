/** What happens around every request: errors become answers, answers are counted, a closing server says so. */
import type { Context } from 'hono';
import type { Log } from '../base/log.ts';
import { shown } from '../base/validate.ts';
import { errorResponse, HttpError } from './errors.ts';
import type { Metrics } from './metrics.ts';
import type { Env, Operation } from './operation.ts';

/** A log that may also take a line per request. A pino logger fits as it is. */
export interface RequestLog extends Log {
  debug?(fields: object, message: string): void;
}

export interface Surroundings {
  readonly metrics: Metrics;
  readonly log: RequestLog;
  readonly isClosing: () => boolean;
}

/** A page of another site may make its visitor's browser send requests here; without a token nothing else stops them. */
function refuseOtherSites({ method, headers }: Env['Bindings']['incoming']): void {
  if (method === 'GET' || method === 'HEAD' || headers.origin === undefined) return;
  if (URL.parse(headers.origin)?.host === headers.host) return;
  throw new HttpError(
    403,
    'forbidden',
    `requests from pages of ${shown(headers.origin)} are refused; send them from this server's own address, or not from a browser`,
  );
}

/** Nobody reads a body of GET, nor waits for its end, so its sender might hold the connection as long as it likes. */
function isHeldOpen({ method, complete }: Env['Bindings']['incoming']): boolean {
  return !complete && (method === 'GET' || method === 'HEAD');
}

/**
 * The handler that the router calls for `route`, which is a pattern such as `GET /v1/shops/{shopId}`.
 * One handler per route and no middleware: the router then calls it without composing a chain per request.
 */
export function served(route: string, handle: Operation['handle'], surroundings: Surroundings) {
  const { metrics, log, isClosing } = surroundings;
  return async (context: Context<Env>): Promise<Response> => {
    const startMs = performance.now();
    let response: Response;
    try {
      refuseOtherSites(context.env.incoming);
      response = await handle(context);
    } catch (error) {
      response = errorResponse(error, log);
    }
    const tookMs = performance.now() - startMs;
    metrics.observe(route, response.status, tookMs / 1000);
    log.debug?.({ route, status: response.status, tookMs }, 'request');
    // Decided with the answer, not before: a request may have begun when nobody thought of closing.
    if (isClosing() || isHeldOpen(context.env.incoming)) context.env.outgoing.shouldKeepAlive = false;
    return response;
  };
}
