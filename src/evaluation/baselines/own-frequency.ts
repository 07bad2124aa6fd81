/**
 * Own frequency: shops by how often this user wanted them before. On New York's check-ins alone as good as the graph
 * networks of 2022, since people return; worth nothing where only new shops are asked for.
 */
import type { Setting } from '../setting.ts';
import type { Baseline } from './baseline.ts';

export function ownFrequency(setting: Setting): Baseline {
  return {
    write({ history }, strengths) {
      for (const row of history) {
        const ordinal = setting.wantedOrdinal(row);
        if (ordinal !== -1) strengths[ordinal]!++;
      }
    },
  };
}
