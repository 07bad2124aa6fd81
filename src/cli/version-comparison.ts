/** Asks two versions the same requests and sums up how their answers differ. */
import { EngineError, RequestError } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import {
  OVERLAP_DEPTHS,
  overlapAt,
  rankBiasedOverlap,
  rankedOf,
  rankShifts,
  sharedByDepth,
  type Ranked,
} from '../recommender/ranking-overlap.ts';
import { LIMIT_DEFAULT } from '../recommender/request-bounds.ts';
import type { RecommendRequest } from '../recommender/request.ts';

/** A request as it was found, not checked yet. */
export interface NumberedRequest {
  /** From 1. */
  readonly line: number;
  readonly value: unknown;
}

export interface VersionFigures {
  readonly version: string;
  readonly refusedCount: number;
  /** Answers by what they rest on, such as `actions` and, where the version knows none of them, `popular`. */
  readonly basisCounts: Readonly<Record<string, number>>;
  /** Shops that this version recommended at least once and the other one never. */
  readonly shopsOnlyHereCount: number;
  /** Milliseconds that an answer took on one thread, over the compared requests. */
  readonly latencyMs: { readonly median: number; readonly p99: number };
}

export interface Comparison {
  readonly requestCount: number;
  readonly comparedCount: number;
  readonly versions: readonly [VersionFigures, VersionFigures];
  /** Means over the `requestCount` compared requests that asked for at least `k` shops. */
  readonly overlap: readonly {
    readonly k: number;
    readonly requestCount: number;
    readonly overlap: number;
    /** Shops among the first `k` of one version that are not among those of the other, per answer, by version. */
    readonly onlyIn: readonly [number, number];
  }[];
  /** Extrapolated, p = 0.9, over the compared requests. */
  readonly rankBiasedOverlap: { readonly mean: number; readonly median: number; readonly least: number };
  /** Places between the ranks of a shop that both answers to a request hold. */
  readonly rankShifts: {
    readonly shopCount: number;
    readonly unmovedCount: number;
    readonly median: number;
    readonly p99: number;
    readonly max: number;
  };
  /** The requests whose answers differ most, by rank-biased overlap. */
  readonly leastAlike: readonly {
    readonly line: number;
    readonly rankBiasedOverlap: number;
    readonly request: unknown;
  }[];
  /** In the order of the lines; a request that both refuse stands twice. */
  readonly refused: readonly Refusal[];
}

/** Code and caches are slower before; asked without being counted. */
const WARM_UP_COUNT = 100;
const LEAST_ALIKE_COUNT = 5;

interface Pair {
  readonly line: number;
  readonly value: unknown;
  readonly limit: number;
  readonly answers: readonly [Answer, Answer];
  readonly shared: readonly number[];
}

interface Answer extends Ranked {
  readonly basis: string;
}

type Outcome = Answer | RequestError;

interface Refusal {
  readonly line: number;
  readonly version: string;
  readonly message: string;
}

/** `versions` are loaded by the engine. Throws `input_invalid` if no request is answered by both. */
export async function compareVersions(
  engine: Engine,
  versions: readonly [string, string],
  requests: readonly NumberedRequest[],
): Promise<Comparison> {
  for (const { value } of requests.slice(0, WARM_UP_COUNT)) await outcomesOf(engine, versions, value, false);
  const pairs: Pair[] = [];
  const refused: [Refusal[], Refusal[]] = [[], []];
  for (const [i, { line, value }] of requests.entries()) {
    // In turns, so that neither version always finds the caches as the other has left them.
    const [first, second] = await outcomesOf(engine, versions, value, i % 2 === 1);
    [first, second].forEach((outcome, side) => {
      const version = versions[side]!;
      if (outcome instanceof RequestError) refused[side]!.push({ line, version, message: outcome.message });
    });
    if (first instanceof RequestError || second instanceof RequestError) continue;
    const shared = sharedByDepth(first.shopIds, second.shopIds);
    pairs.push({ line, value, limit: limitOf(value), answers: [first, second], shared });
  }
  if (pairs.length === 0) throw nothingCompared(requests.length, refused.flat()[0]);
  return comparisonOf(versions, requests.length, pairs, refused);
}

/** What both versions make of a request, in the order of the versions. */
async function outcomesOf(
  engine: Engine,
  [first, second]: readonly [string, string],
  value: unknown,
  secondFirst: boolean,
): Promise<[Outcome, Outcome]> {
  const earlier = await outcomeOf(engine, secondFirst ? second : first, value);
  const later = await outcomeOf(engine, secondFirst ? first : second, value);
  return secondFirst ? [later, earlier] : [earlier, later];
}

async function outcomeOf(engine: Engine, version: string, value: unknown): Promise<Outcome> {
  try {
    // What is no object is passed on as it is, to be refused as such.
    const request = isObject(value) ? { ...value, version } : value;
    const answer = await engine.recommend(request as RecommendRequest);
    return { ...rankedOf(answer), basis: answer.basis };
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of a request that was answered. */
function limitOf(value: unknown): number {
  return (value as RecommendRequest).limit ?? LIMIT_DEFAULT;
}

function nothingCompared(count: number, first: Refusal | undefined): EngineError {
  const why = first === undefined ? '' : `; line ${first.line}, ${first.version}: ${first.message}`;
  return new EngineError('input_invalid', `none of ${count} requests is answered by both versions${why}`);
}

function comparisonOf(
  versions: readonly [string, string],
  requestCount: number,
  pairs: readonly Pair[],
  refused: readonly [Refusal[], Refusal[]],
): Comparison {
  const alike = pairs
    .map(({ line, value, shared }) => ({
      line,
      rankBiasedOverlap: rankBiasedOverlap(shared),
      request: value,
    }))
    .toSorted((a, b) => a.rankBiasedOverlap - b.rankBiasedOverlap || a.line - b.line);
  const rbo = alike.map((each) => each.rankBiasedOverlap);
  const shifts = pairs
    .flatMap(({ answers: [first, second] }) => rankShifts(first.shopIds, second.shopIds))
    .map(Math.abs)
    .toSorted((a, b) => a - b);
  const figures = (side: 0 | 1) => figuresOf(versions[side], side, pairs, refused[side].length);
  return {
    requestCount,
    comparedCount: pairs.length,
    versions: [figures(0), figures(1)],
    overlap: overlapRows(pairs),
    rankBiasedOverlap: { mean: mean(rbo), median: quantile(rbo, 0.5), least: rbo[0]! },
    rankShifts: {
      shopCount: shifts.length,
      unmovedCount: shifts.filter((shift) => shift === 0).length,
      median: quantile(shifts, 0.5),
      p99: quantile(shifts, 0.99),
      max: shifts.at(-1) ?? 0,
    },
    leastAlike: alike.slice(0, LEAST_ALIKE_COUNT),
    refused: refused.flat().toSorted((a, b) => a.line - b.line),
  };
}

function figuresOf(
  version: string,
  side: 0 | 1,
  pairs: readonly Pair[],
  refusedCount: number,
): VersionFigures {
  const own = pairs.map(({ answers }) => answers[side]);
  const others = new Set(pairs.flatMap(({ answers }) => answers[1 - side]!.shopIds));
  const here = new Set(own.flatMap(({ shopIds }) => shopIds).filter((shopId) => !others.has(shopId)));
  const tookMs = own.map((answer) => answer.tookMs).toSorted((a, b) => a - b);
  return {
    version,
    refusedCount,
    basisCounts: countsOf(own.map(({ basis }) => basis)),
    shopsOnlyHereCount: here.size,
    latencyMs: { median: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99) },
  };
}

function countsOf(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function overlapRows(pairs: readonly Pair[]): Comparison['overlap'] {
  return OVERLAP_DEPTHS.flatMap((k) => {
    const asked = pairs.filter(({ limit }) => limit >= k);
    if (asked.length === 0) return [];
    const only = (side: 0 | 1): number =>
      mean(asked.map(({ answers, shared }) => onlyIn(answers[side].shopIds, shared, k)));
    const overlap = mean(asked.map(({ shared }) => overlapAt(shared, k)));
    return { k, requestCount: asked.length, overlap, onlyIn: [only(0), only(1)] };
  });
}

/** Shops among the first `k` of an answer that the first `k` of the other one lack. */
function onlyIn(shopIds: readonly string[], shared: readonly number[], k: number): number {
  return Math.min(k, shopIds.length) - shared[Math.min(k, shared.length - 1)]!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The least of ascending `values` that at least the share `q` of them do not exceed; 0 of none. */
function quantile(values: readonly number[], q: number): number {
  return values[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
}
