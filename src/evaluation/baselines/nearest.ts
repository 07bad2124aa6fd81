/** Nearest: shops by their distance from where the user is taken to be. What a map shows without knowing the user. */
import { metersOfChordSquared } from '../../geo/earth.ts';
import type { Setting } from '../setting.ts';
import type { Baseline } from './baseline.ts';

export function nearest(setting: Setting): Baseline {
  const { reachTree } = setting.generation;
  return {
    write(asked, strengths) {
      const chordSquaredTo = reachTree.chordsSquaredFrom(setting.locationOf(asked));
      for (let ordinal = 0; ordinal < strengths.length; ordinal++)
        strengths[ordinal] = -metersOfChordSquared(chordSquaredTo(ordinal));
    },
  };
}
