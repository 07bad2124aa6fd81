/** The part of a log of actions that says which shops users wanted. */
import { DISMISS } from '../domain/dismiss.ts';
import type { CountedShops } from '../snapshot/build-snapshot.ts';
import type { ActionLog } from './action-log.ts';

const NO_ROW = 0xffff_ffff;

/** Actions at shops of a build that count for them, in order of time. */
export interface Visits {
  readonly count: number;
  readonly shopCount: number;
  readonly userCount: number;
  readonly users: Uint32Array;
  /** Of the shops' file. */
  readonly rows: Uint32Array;
  readonly atMs: Float64Array;
  readonly weights: Float64Array;
}

/** Those at shops that the build does not know, and those that push down, are left out. */
export function visitsIn(log: ActionLog, shops: CountedShops): Visits {
  const rowOfShop = Uint32Array.from(log.shopIds, (shopId) => shops.rowOf(shopId) ?? NO_ROW);
  const dismiss = log.types.indexOf(DISMISS);
  const isMeant = (at: number): boolean =>
    log.targets[at]! < rowOfShop.length &&
    rowOfShop[log.targets[at]!] !== NO_ROW &&
    log.typeNumbers[at] !== dismiss &&
    log.weights[at]! > 0;
  const places = Uint32Array.from({ length: log.count }, (_, at) => at).filter(isMeant);
  return {
    count: places.length,
    shopCount: shops.count,
    userCount: log.userIds.length,
    users: places.map((at) => log.users[at]!),
    rows: places.map((at) => rowOfShop[log.targets[at]!]!),
    atMs: Float64Array.from(places, (at) => log.atMs[at]!),
    weights: Float64Array.from(places, (at) => log.weights[at]!),
  };
}
