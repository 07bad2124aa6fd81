/** Small logs of actions, by hand or at random. */
import { Random } from '../src/base/random.ts';
import { ActionLogBuilder, type ActionLog, type LoggedAction } from '../src/training/action-log.ts';

export const MINUTE_MS = 60_000;
export const START_MS = Date.parse('2026-11-01T00:00:00Z');

/** `minute` counts from `START_MS`. A view unless `type` is given. */
export type MadeAction = Omit<LoggedAction, 'atMs' | 'type'> & {
  readonly minute: number;
  readonly type?: string;
};

export function madeLog(actions: readonly MadeAction[]): ActionLog {
  const builder = new ActionLogBuilder();
  for (const { minute, type = 'view', ...action } of actions)
    builder.add({ ...action, type, atMs: START_MS + minute * MINUTE_MS });
  return builder.finish();
}

export interface RandomLogOptions {
  readonly seed: number;
  readonly actionCount: number;
  readonly userCount: number;
  /** Ids to draw from; the first are drawn more often. */
  readonly shopIds: readonly string[];
  readonly keywords: readonly string[];
}

/** Views, orders, searches, dismissals and impressions, often several at one moment. */
export function randomLog({ seed, actionCount, userCount, shopIds, keywords }: RandomLogOptions): ActionLog {
  const random = new Random(seed);
  return madeLog(
    Array.from({ length: actionCount }, (): MadeAction => {
      const type = random.pick(['view', 'view', 'order', 'search', 'dismiss', 'impression']);
      const target =
        type === 'search'
          ? { keyword: random.pick(keywords) }
          : { shopId: shopIds[Math.floor(shopIds.length * random.unit() ** 2)]! };
      const weight = random.unit() < 0.1 ? -1 : 1;
      return {
        userId: `u${random.below(userCount)}`,
        type,
        ...target,
        minute: random.below(actionCount * 2),
        weight,
      };
    }),
  );
}
