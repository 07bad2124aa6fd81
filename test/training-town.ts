/** Synthetic towns as a training takes them. */
import type { Shop } from '../src/domain/shop.ts';
import { syntheticTown, type Town, type TownOptions } from '../src/synthetic/town.ts';
import { ActionLogBuilder, type ActionLog } from '../src/training/action-log.ts';

export interface TrainingTown {
  readonly town: Town;
  readonly shops: readonly Shop[];
  readonly log: ActionLog;
}

export function trainingTown(options: TownOptions): TrainingTown {
  const town = syntheticTown(options);
  const builder = new ActionLogBuilder();
  for (const { userId, type, keyword, shopId, atMs } of town.actions())
    builder.add({ userId, type, keyword, shopId, atMs });
  return { town, shops: [...town.shops()], log: builder.finish() };
}
