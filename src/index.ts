/** Doorrank as a library: an engine that answers, inside the caller's own process. */
import './base/runtime.js';
import type { Log } from './base/log.ts';
import { openEngine as openEngineAt, type Engine } from './engine/engine.ts';
import type { EngineOptions } from './engine/config.ts';

/**
 * Opens an engine over a store of snapshots and a directory of actions.
 * `log` takes a pino logger or anything like it; without one the engine is silent.
 * Throws `RequestError` for an option that does not hold and `EngineError` for a store that cannot be used.
 */
export function openEngine(options: EngineOptions, log?: Log): Promise<Engine> {
  return openEngineAt(options, { nowMs: Date.now, ...(log !== undefined && { log }) });
}

export { EngineError, RequestError, type EngineErrorCode, type RequestErrorKind } from './base/errors.ts';
export type { Log } from './base/log.ts';
export type { Action, ActionInput, RequestAction } from './domain/action.ts';
export type { Location } from './domain/location.ts';
export type { ShopStatusInput } from './domain/shop-status.ts';
export type { AttributeValue, Shop } from './domain/shop.ts';
export type { MultiPolygon, Position, ShownZone } from './domain/zone.ts';
export type { Change, ChangeListener } from './engine/changes.ts';
export type { EngineOptions } from './engine/config.ts';
export type {
  Engine,
  EngineHealth,
  EngineStats,
  ShopRecord,
  SnapshotSummary,
  StatusesSet,
} from './engine/engine.ts';
export type { ShadowComparison, ShadowCounts, ShadowOutcome } from './engine/shadow.ts';
export type { SideVersion, VersionRole } from './engine/side-versions.ts';
export type { ChosenBy, VersionCount } from './engine/version-choice.ts';
export type {
  RankedBy,
  Reason,
  Recommendation,
  RecommendedShop,
  Similarities,
} from './recommender/recommendation.ts';
export type { Explanation, Obstacle } from './recommender/explanation.ts';
export type { ExplainRequest, RecommendRequest, SimilaritiesRequest } from './recommender/request.ts';
export type { ListedShop, UserList } from './recommender/user-list.ts';
export type { Activation } from './snapshot/snapshot-store.ts';
