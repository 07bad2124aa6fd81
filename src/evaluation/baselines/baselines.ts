/** The baselines by name, as results and the command line call them. */
import type { MakeBaseline } from './baseline.ts';
import { itemKnn } from './item-knn.ts';
import { lastAction } from './last-action.ts';
import { nearest } from './nearest.ts';
import { ownFrequency } from './own-frequency.ts';
import { popularity } from './popularity.ts';
import { popularityByDistance } from './popularity-by-distance.ts';
import { sessionCoOccurrence } from './session-co-occurrence.ts';
import { userKnn } from './user-knn.ts';

export const BASELINES = {
  popularity,
  nearest,
  'popularity-distance': popularityByDistance,
  'last-action': lastAction,
  'own-frequency': ownFrequency,
  'item-knn': itemKnn,
  'user-knn': userKnn,
  'session-co-occurrence': sessionCoOccurrence,
} as const satisfies Record<string, MakeBaseline>;

export type BaselineName = keyof typeof BASELINES;

export const BASELINE_NAMES = Object.keys(BASELINES) as BaselineName[];
