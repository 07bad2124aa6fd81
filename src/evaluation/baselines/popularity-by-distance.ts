/**
 * Popularity × distance: popularity / (1 + km), the home screen that a delivery service has before it has a recommender.
 * The power of the distance is 1, about what check-ins decay with (Ye, Yin, Lee & Lee, "Exploiting geographical influence
 * for collaborative point-of-interest recommendation", SIGIR 2011, fit a power law).
 */
import { metersOfChordSquared } from '../../geo/earth.ts';
import type { Setting } from '../setting.ts';
import type { Baseline } from './baseline.ts';

export function popularityByDistance(setting: Setting): Baseline {
  const { popularity } = setting;
  const { reachTree } = setting.generation;
  return {
    write(asked, strengths) {
      const chordSquaredTo = reachTree.chordsSquaredFrom(setting.locationOf(asked));
      for (let ordinal = 0; ordinal < strengths.length; ordinal++) {
        const km = metersOfChordSquared(chordSquaredTo(ordinal)) / 1000;
        strengths[ordinal] = popularity[ordinal]! / (1 + km);
      }
    },
  };
}
