/** The route table: every path that is served, and what serves it. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { shown } from '../base/validate.ts';
import type { Engine } from '../engine/engine.ts';
import { recordActions } from './actions.ts';
import { recommendBatch } from './batch.ts';
import { docsFile, docsPage } from './docs.ts';
import { HttpError } from './errors.ts';
import { explain } from './explanations.ts';
import { liveness, readiness } from './health.ts';
import { listKeywords } from './keywords.ts';
import { LiveRecommendations } from './live-recommendations.ts';
import { Metrics, metricsPage } from './metrics.ts';
import { openApiPage } from './open-api.ts';
import { refused, type Env, type Operation } from './operation.ts';
import { recommend } from './recommendations.ts';
import { served, type RequestLog } from './served.ts';
import { clearStatus, getStatus, setStatus, setStatuses } from './shop-status.ts';
import { getShop, similarShops } from './shops.ts';
import { similarities } from './similarities.ts';
import { activateSnapshot, listSnapshots, rollBackSnapshot } from './snapshots.ts';
import { guardedBy } from './token.ts';
import { userRecommendations } from './user-recommendations.ts';
import { streamRecommendations } from './user-stream.ts';
import { eraseActions, listActions } from './users.ts';

export interface AppOptions {
  readonly log: RequestLog;
  /** Required of every request under /v1 if given. */
  readonly token?: string | undefined;
  /** Largest body, bytes. */
  readonly bodyBytesMax: number;
  /** Largest body of `POST /v1/actions`, bytes. */
  readonly actionsBodyBytesMax: number;
  /** Streams of recommendations that may be open at the same time. */
  readonly streamsMax: number;
  /** Whether the server has begun to close. */
  readonly isClosing: () => boolean;
  /** Aborted when answers that go on have to end. */
  readonly stopped: AbortSignal;
}

type Method = 'get' | 'post' | 'put' | 'delete';
type App = OpenAPIHono<Env>;

export function createApp(engine: Engine, options: AppOptions): App {
  const { log, bodyBytesMax, actionsBodyBytesMax, streamsMax, stopped } = options;
  const app: App = new OpenAPIHono<Env>();
  const metrics = new Metrics(engine);
  const live = new LiveRecommendations(engine, { log, metrics, streamsMax, stopped });
  const table: readonly (readonly [Method, string, Operation])[] = [
    ['post', '/v1/actions', recordActions(engine, actionsBodyBytesMax)],
    ['post', '/v1/recommendations', recommend(engine, bodyBytesMax)],
    ['post', '/v1/recommendations:batch', recommendBatch(engine, { log, metrics, bodyBytesMax, stopped })],
    ['post', '/v1/explanations', explain(engine, bodyBytesMax)],
    ['post', '/v1/similarities', similarities(engine, bodyBytesMax)],
    ['get', '/v1/shops/{shopId}', getShop(engine)],
    ['get', '/v1/shops/{shopId}/similar', similarShops(engine)],
    ['put', '/v1/shops/status', setStatuses(engine, bodyBytesMax)],
    ['put', '/v1/shops/{shopId}/status', setStatus(engine, bodyBytesMax)],
    ['get', '/v1/shops/{shopId}/status', getStatus(engine)],
    ['delete', '/v1/shops/{shopId}/status', clearStatus(engine)],
    ['get', '/v1/users/{userId}/actions', listActions(engine)],
    ['delete', '/v1/users/{userId}/actions', eraseActions(engine)],
    ['get', '/v1/users/{userId}/recommendations', userRecommendations(engine)],
    ['get', '/v1/users/{userId}/stream', streamRecommendations(live)],
    ['get', '/v1/snapshots', listSnapshots(engine)],
    ['post', '/v1/snapshots/activate', activateSnapshot(engine, bodyBytesMax)],
    ['post', '/v1/snapshots/rollback', rollBackSnapshot(engine)],
    ['get', '/v1/keywords', listKeywords(engine)],
    ['get', '/livez', liveness()],
    ['get', '/readyz', readiness(engine, options.isClosing)],
    ['get', '/metrics', metricsPage(metrics)],
    ['get', '/openapi.json', openApiPage(app)],
    ['get', '/docs', docsPage()],
    ['get', '/docs/{file}', docsFile()],
  ];
  if (options.token !== undefined) {
    app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  }
  const surroundings = { metrics, log, isClosing: options.isClosing };
  for (const [method, path, { document, handle }] of table) {
    const open = options.token === undefined || !path.startsWith('/v1/');
    if (!document.hide) {
      const guarded = { security: [{ bearer: [] }], responses: { ...document.responses, 401: refused(401) } };
      app.openAPIRegistry.registerPath({
        ...document,
        ...(open ? {} : guarded),
        tags: [tagOf(path)],
        method,
        path,
      });
    }
    const route = `${method.toUpperCase()} ${path}`;
    const answering = open ? handle : guardedBy(options.token, handle);
    // A colon that does not begin a segment stands for itself, as in `:batch`.
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), served(route, answering, surroundings));
  }
  app.notFound(served('none', (context) => Promise.reject(unknownRoute(app, context)), surroundings));
  return app;
}

/** What routes are about, for readers of the document: `shops` of `/v1/shops/{shopId}`, and `server` outside of /v1. */
function tagOf(path: string): string {
  return /^\/v1\/(\w+)/.exec(path)?.[1] ?? 'server';
}

/** 405 with what would be allowed if the path is known, else 404. */
function unknownRoute(app: App, { req }: Context<Env>): HttpError {
  const allowed = ['GET', 'POST', 'PUT', 'DELETE'].filter(
    (method) => app.router.match(method, req.path)[0].length > 0,
  );
  if (allowed.length === 0) {
    return new HttpError(
      404,
      'not_found',
      `there is nothing at ${shown(req.path)}; /openapi.json lists every route`,
    );
  }
  const allow = allowed.join(', ');
  return new HttpError(405, 'method_not_allowed', `${req.path} takes ${allow}, not ${req.method}`, { allow });
}
