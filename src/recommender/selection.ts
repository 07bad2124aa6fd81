/**
 * Step 5: which of the scored candidates make the list, and in which order: the best, unless the request asks for
 * variety or for promoted shops.
 */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import { viewedOrdinals } from './candidates.ts';
import type { RecommendJob } from './recommend-job.ts';
import { LIMIT_MAX } from './request-bounds.ts';

/** Of the best so many candidates variety is made: `request.ts` tells callers. */
const POOL_MIN = 100;
const POOL_PER_PLACE = 5;
/** From how many on the candidates are put in order rather than looked through. */
const LOOKS_MAX = 32;
/** Keeps the ninth and tenth of 0.1 · 10 apart in binary. */
const SHARE_ROUNDING = 1e-9;

/** Makes `limit` candidates at most the lane's winners, in order; returns which places are promoted. */
export function selectShops(
  generation: Generation,
  lane: Lane,
  job: RecommendJob,
  limit: number,
): ReadonlySet<number> {
  const { diversity, promotion } = job.request;
  if (diversity === undefined && promotion === undefined) {
    lane.select(limit);
    return new Set();
  }
  const caps = Object.entries(diversity?.maxPer ?? {}).map(([name, countMax]) =>
    capOf(generation, name, countMax),
  );
  const isLeft = (position: number): boolean => caps.every((cap) => cap.allows(lane.ordinalAt(position)));
  const organic = organicOrder(lane, limit, diversity?.mmr?.lambda);
  const promoted = promotion === undefined ? null : promotedOf(generation, lane, job);
  const chosen = new Set<number>();
  const promotedPlaces = new Set<number>();
  while (chosen.size < limit) {
    const place = chosen.size;
    const isFree: IsFree = (position) => !chosen.has(position) && isLeft(position);
    let position = isPromotedPlace(place, promotion?.share ?? 0) ? promoted?.(isFree) : undefined;
    if (position !== undefined) promotedPlaces.add(place);
    position ??= organic.next(isFree);
    if (position === undefined) break;
    chosen.add(position);
    organic.chose(position);
    for (const cap of caps) cap.count(lane.ordinalAt(position));
  }
  lane.setWinners([...chosen]);
  return promotedPlaces;
}

/** Of every `place` from 0, `share` are promoted, evenly spread, the first of them as late as that allows. */
function isPromotedPlace(place: number, share: number): boolean {
  const until = (places: number): number => Math.floor(places * share + SHARE_ROUNDING);
  return until(place + 1) > until(place);
}

/** At most so many shops with the same value in a column of texts. */
interface Cap {
  readonly allows: (ordinal: number) => boolean;
  readonly count: (ordinal: number) => void;
}

/** Shops without a value are not limited. Throws `RequestError` unless the column is one of texts. */
function capOf(generation: Generation, name: string, countMax: number): Cap {
  const { columns } = generation.catalog;
  const column = columns.column(name);
  if (column?.kind !== 'text') {
    const texts = columns.names().filter((known) => columns.column(known)!.kind === 'text');
    throw new RequestError(
      'diversity.maxPer',
      `must name columns of texts (${texts.join(', ')}), got ${shown(name)}`,
    );
  }
  const counts = new Map<number, number>();
  return {
    allows: (ordinal) => {
      const code = column.codes[ordinal]!;
      return code === 0 || (counts.get(code) ?? 0) < countMax;
    },
    count: (ordinal) => {
      const code = column.codes[ordinal]!;
      counts.set(code, (counts.get(code) ?? 0) + 1);
    },
  };
}

type IsFree = (position: number) => boolean;
/** Finds the best position that is free; undefined if none is left. What is not free once never is again. */
type NextFree = (isFree: IsFree) => number | undefined;

/** The candidates that the promotion is about, best first. */
function promotedOf(generation: Generation, lane: Lane, job: RecommendJob): NextFree {
  const { candidates } = lane;
  const kept = candidates.slice();
  const viewed = (): number[] => viewedOrdinals(generation, job);
  const { filter } = job.request.promotion!;
  const pass = generation.catalog.compileFilter(filter, viewed, 'promotion.filter');
  const keptCount = pass(kept, kept.length);
  const isMeant = new Uint8Array(candidates.length);
  // Both ascend.
  for (let i = 0, position = 0; i < keptCount; i++) {
    while (candidates[position]! < kept[i]!) position++;
    isMeant[position] = 1;
  }
  return bestOf(lane, (position) => isMeant[position] === 1);
}

/**
 * The best of all candidates that are meant. Looking through them for each of a few costs less than putting them in order:
 * 2,000 candidates 5 µs against 300.
 */
function bestOf(lane: Lane, isMeant: IsFree): NextFree {
  let lookCount = 0;
  let ordered: NextFree | undefined;
  return (isFree) => {
    if (lookCount++ < LOOKS_MAX)
      return lookForBest(lane.scores, (position) => isMeant(position) && isFree(position));
    ordered ??= firstFreeOf(bestFirst(lane.scores, isMeant));
    return ordered(isFree);
  };
}

function lookForBest(scores: Float64Array, isMeant: IsFree): number | undefined {
  let best: number | undefined;
  let bestScore = -Infinity;
  for (let position = 0; position < scores.length; position++) {
    const score = scores[position]!;
    if (score > bestScore && isMeant(position)) [best, bestScore] = [position, score];
  }
  return best;
}

/** The positions that have a score and are meant, best first. */
function bestFirst(scores: Float64Array, isMeant: IsFree): number[] {
  const positions: number[] = [];
  scores.forEach((score, position) => {
    if (score !== -Infinity && isMeant(position)) positions.push(position);
  });
  return positions.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Of positions in order. Each is asked about once. */
function firstFreeOf(positions: readonly number[]): NextFree {
  let at = 0;
  return (isFree) => {
    while (at < positions.length && !isFree(positions[at]!)) at++;
    return positions[at];
  };
}

/** Hands out candidates in the order that they have without promotion. */
interface OrganicOrder {
  readonly next: NextFree;
  /** Says what was taken, here or elsewhere. */
  readonly chose: (position: number) => void;
}

/** The best of the pool, by score or by marginal relevance, and then what lies behind the pool, by score. */
function organicOrder(lane: Lane, limit: number, lambda: number | undefined): OrganicOrder {
  const poolSize = lane.select(Math.min(LIMIT_MAX, Math.max(POOL_MIN, POOL_PER_PLACE * limit)));
  const pool = Array.from({ length: poolSize }, (_, place) => lane.winnerPosition(place));
  const nextBehind = bestOf(lane, () => true); // nothing in the pool is free then
  if (lambda === undefined) {
    const nextOfPool = firstFreeOf(pool);
    return { next: (isFree) => nextOfPool(isFree) ?? nextBehind(isFree), chose: () => {} };
  }
  const relevances = poolNorms(lane, poolSize);
  const cosines = lane.winnerCosines();
  let hasChosen = false;
  const nextOfPool: NextFree = (isFree) => {
    let best: number | undefined;
    let bestValue = -Infinity;
    for (let place = 0; place < poolSize; place++) {
      const value = lambda * relevances[place]! - (1 - lambda) * (hasChosen ? cosines[place]! : 0);
      if (value > bestValue && isFree(pool[place]!)) [best, bestValue] = [pool[place]!, value];
    }
    return best;
  };
  return {
    next: (isFree) => nextOfPool(isFree) ?? nextBehind(isFree),
    chose: (position) => {
      hasChosen = true;
      lane.cover(position);
    },
  };
}

/** The scores of the pool brought to 0..1. */
function poolNorms(lane: Lane, poolSize: number): number[] {
  const [largest, least] = [lane.winnerScore(0), lane.winnerScore(poolSize - 1)];
  const range = largest - least;
  return Array.from({ length: poolSize }, (_, place) =>
    range === 0 ? 1 : (lane.winnerScore(place) - least) / range,
  );
}
