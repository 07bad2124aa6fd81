/**
 * What a request may ask for at most, as the line and its scratch memory need to know. Apart from the schemas of
 * `request.ts`: a worker thread is given requests that are checked, and the library that checks them takes 8 MB.
 */

/** Newest actions that take part in one recommendation. */
export const ACTION_COUNT_MAX = 50;
/** Newest impressions that a request looks at: reading 50 of 20 shops takes some 0.2 ms. */
export const IMPRESSION_COUNT_MAX = 50;
/** Query vectors that a recommendation brings along beside actions. */
export const VECTOR_COUNT_MAX = 50;
/** Shops in one recommendation. */
export const LIMIT_MAX = 1_000;
export const LIMIT_DEFAULT = 20;
/** Entries of each ranking that take part in the fusion. */
export const DEPTH_MAX = 10_000;
/** Signals that are fused beside the rankings of actions. */
export const SIGNAL_COUNT_MAX = 16;
/** Vectors of one raw search, and the best of each. */
export const QUERY_VECTOR_COUNT_MAX = 100;
export const SIMILARITY_K_MAX = 10_000;
/** Positions of the polygons of `within`, each of which many candidates may be tested against. */
export const WITHIN_POSITION_COUNT_MAX = 2_000;

/** What the largest request needs of scratch memory, whatever the snapshot. */
export const SCRATCH_BOUNDS = Object.freeze({
  queryCountMax: QUERY_VECTOR_COUNT_MAX,
  signalCountMax: SIGNAL_COUNT_MAX + 1, // one that a step of the fallback chain rests on
  depthMax: Math.max(DEPTH_MAX, SIMILARITY_K_MAX),
  limitMax: LIMIT_MAX,
});

/** What a recommendation may rest on, in the order in which they are usually tried. */
export const FALLBACK_STEPS = ['actions', 'list', 'popular', 'wider'] as const;
/** How often "wider" doubles a radius at most: each time all is found and scored anew. */
export const WIDENINGS_MAX = 4;
export type FallbackStep = (typeof FALLBACK_STEPS)[number];

/** What is known of a candidate beside its embedding; each is told in a file of signals/. */
export const SIGNAL_NAMES = [
  'popularity',
  'popularityNear',
  'proximity',
  'ratingWithPrior',
  'hourFit',
  'known',
  'repeats',
  'recentRepeats',
  'again',
  'habit',
  'usualNext',
  'transition',
  'together',
] as const;
export type SignalName = (typeof SIGNAL_NAMES)[number];
/** Those that look at all that a user did, not at the newest actions alone. */
export const HISTORY_SIGNALS: ReadonlySet<string> = new Set<SignalName>([
  'known',
  'repeats',
  'recentRepeats',
  'again',
  'transition',
  'habit',
  'usualNext',
  'together',
]);
