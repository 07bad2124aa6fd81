/** Listens, and stops without losing a request. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { z } from 'zod';
import { wholeNumber } from '../base/bounds.ts';
import { EngineError, RequestError } from '../base/errors.ts';
import { validate } from '../base/validate.ts';
import type { Engine } from '../engine/engine.ts';
import { createApp } from './app.ts';
import { errorResponse, HttpError } from './errors.ts';
import type { RequestLog } from './served.ts';

export interface ServeOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Refusals for want of storage at warn, failures at error; a line per request at debug if the log takes it. */
  readonly log: RequestLog;
  /** Bearer token that every request under /v1 must carry. Default: none is asked for. */
  readonly token?: string | undefined;
  /** How long `close` goes on serving while readiness is off, milliseconds. Default 1,500. */
  readonly graceMs?: number;
  /** Largest body, bytes. Default 1 MiB. */
  readonly bodyBytesMax?: number;
  /** Largest body of `POST /v1/actions`, bytes. Default 16 MiB. */
  readonly actionsBodyBytesMax?: number;
  /** Streams of recommendations that may be open at the same time; more are refused. Default 1,000. */
  readonly streamsMax?: number;
}

export interface RunningServer {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  /** Stops being ready, serves on for the grace, then closes. The engine stays open; it is its owner's to close. */
  close(): Promise<void>;
}

const MEBIBYTE = 2 ** 20;
/** Measured: balancers and keep-alive clients have moved on after 1.5 s; closing at once lost requests. */
const GRACE_MS_DEFAULT = 1_500;
/** Requests still running this long after the grace are cut off, so that a stop always ends. */
const CLOSE_MS_MAX = 10_000;

const STREAMS_MAX_DEFAULT = 1_000;
const StreamsMaxSchema = z.strictObject({ streamsMax: wholeNumber(0, 100_000) });

// Node waits 60 s for headers and looks only every 30 s: a few hundred slow senders would hold the server. Whoever
// reads a body holds its sender to a time; the whole request of a batch may take as long as its lines do.
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 0;
const TIMEOUT_CHECK_MS = 1_000;
/** Longer than the 60 s after which common balancers drop an idle connection: they, not we, should end it. */
const KEEP_ALIVE_MS = 65_000;

/** Serves `engine` over HTTP. Throws EngineError `port_unavailable`. */
export async function serve(engine: Engine, options: ServeOptions): Promise<RunningServer> {
  const { host, port, log, graceMs = GRACE_MS_DEFAULT } = options;
  let closing = false;
  const stop = new AbortController();
  const app = createApp(engine, {
    log,
    token: checkedToken(options.token),
    bodyBytesMax: options.bodyBytesMax ?? MEBIBYTE,
    actionsBodyBytesMax: options.actionsBodyBytesMax ?? 16 * MEBIBYTE,
    ...validate(StreamsMaxSchema, { streamsMax: options.streamsMax ?? STREAMS_MAX_DEFAULT }),
    isClosing: () => closing,
    stopped: stop.signal,
  });
  const answerTo = getRequestListener(app.fetch, {
    hostname: 'localhost', // for HTTP/1.0 health checks, which may leave the Host header out
    errorHandler: (error) =>
      errorResponse(
        new HttpError(
          400,
          'malformed',
          `the request line or its Host header cannot be read: ${(error as Error).message}`,
        ),
        log,
      ),
  });
  const server = createServer(
    {
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (incoming, outgoing) => void answerTo(incoming, outgoing),
  );
  await listen(server, host, port);

  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing = true;
    closed ??= sleep(graceMs).then(() => {
      stop.abort();
      return closeServer(server);
    });
    return closed;
  };
  return { address: addressOf(server), close };
}

/** An empty token is a setting that went wrong, such as a variable that was not filled in. */
function checkedToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[!-~]([ -~]*[!-~])?$/.test(token)) return token;
  throw new RequestError(
    'token',
    `must be letters, digits and signs of ASCII without blanks around, as a header can carry, got ${token.length} characters`,
  );
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EngineError {
  const cause = { cause: error };
  if (error.code === 'EADDRINUSE') {
    return new EngineError('port_unavailable', `port ${port} is in use; choose another with --port`, cause);
  }
  if (error.code === 'EACCES') {
    return new EngineError(
      'port_unavailable',
      `port ${port} needs more rights; choose another with --port`,
      cause,
    );
  }
  return new EngineError(
    'port_unavailable',
    `cannot listen on ${host} port ${port}: ${error.message}; choose an address of this machine with --host`,
    cause,
  );
}

function addressOf(server: Server): RunningServer['address'] {
  const { address, port, family } = server.address() as AddressInfo;
  return { host: address, port, url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}` };
}

/** Takes no more connections, ends the idle ones and waits for the requests that run. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
  });
}
