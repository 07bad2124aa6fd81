/** Why a shop is in the answer to a request, where it stands, or what keeps it out. */
import type { Filter } from '../catalog/filter.ts';
import { UNKNOWN_TIMETABLE } from '../catalog/opening-hours.ts';
import { chordSquaredOfMeters, metersOfChordSquared } from '../geo/earth.ts';
import { reasonsFor, toDecimeter } from './answer.ts';
import { isWithin, namedOrdinals, seenOrdinals, viewedOrdinals } from './candidates.ts';
import { radiusMetersAfter, stepsOf } from './fallback.ts';
import type { Draft, Line } from './line.ts';
import type { RecommendJob } from './recommend-job.ts';
import type { Reason, Recommendation, ShownAction } from './recommendation.ts';
import { basisOf, draftOf, firstSufficient, rankingOf, type Prepared, type Selected } from './recommender.ts';

/** Shares that the text names. */
const REASONS_SHOWN_MAX = 3;

/** One thing that keeps a shop out of an answer. */
export interface Obstacle {
  readonly code:
    | 'outside_zone'
    | 'outside_radius'
    | 'outside_within'
    | 'filtered'
    | 'closed'
    | 'unknown_hours'
    | 'excluded'
    | 'shown_before'
    | 'unranked'
    | 'not_listed'
    | 'unlike'
    | 'passed_over'
    | 'beyond_limit';
  /** For people. */
  readonly text: string;
  /** How far outside. */
  readonly meters?: number;
  /** The part of the request that keeps it out. */
  readonly field?: string;
  /** When it opens, ISO 8601. */
  readonly until?: string;
}

export interface Explanation extends Pick<Recommendation, 'version' | 'basis' | 'wider' | 'candidateCount'> {
  readonly shopId: string;
  /** In one line, for people. */
  readonly text: string;
  readonly distanceMeters: number;
  /** From 1 in the answer, null if it is not in it. */
  readonly place: number | null;
  /** Present if it has its place by `promotion`. */
  readonly promoted?: true;
  /** From 1 by score among the candidates that may be in an answer; null if it is none of them. */
  readonly rank: number | null;
  readonly score: number | null;
  /** Of a candidate. */
  readonly reasons?: readonly Reason[];
  /** What keeps it out, all of it that is known; none if it is in the answer. */
  readonly obstacles: readonly Obstacle[];
}

/** No list has been made for the user and nothing is known that counts for a shop, and popularity is not to be asked. */
const UNRANKED: Obstacle = {
  code: 'unranked',
  field: 'fallback.steps',
  text: 'no step of fallback.steps can rank shops for this user',
};

/** Explains the shop `ordinal` in the answer to a job. */
export function prepareExplanation(line: Line, job: RecommendJob, ordinal: number): Prepared<Explanation> {
  const draft = draftOf(line, job, performance.now(), job.continued?.widenings ?? 0);
  return { ...rankingOf(draft), answer: () => explanationOf(firstSufficient(draft), ordinal) };
}

function explanationOf(selected: Selected, ordinal: number): Explanation {
  const { generation, job, queries, lane, candidateCount } = selected;
  const position = lane.positionOf(ordinal);
  const facts = {
    version: generation.version,
    shopId: generation.catalog.ids.idOf(ordinal),
    ...basisOf(selected),
    candidateCount,
    distanceMeters: toDecimeter(metersOfChordSquared(chordSquaredTo(selected, ordinal))),
  };
  if (position === -1) {
    const obstacles = obstaclesBefore(selected, ordinal);
    const text = obstacles.map((obstacle) => obstacle.text).join('; ');
    return { ...facts, text, place: null, rank: null, score: null, obstacles };
  }
  if (stepsOf(generation, job, queries).length === 0)
    return { ...facts, text: UNRANKED.text, place: null, rank: null, score: null, obstacles: [UNRANKED] };
  const score = lane.scores[position]!;
  const place = lane.winnerOrdinals().indexOf(ordinal) + 1 || null;
  const rank = score === -Infinity ? null : rankOf(lane.scores, position);
  const obstacles = place === null ? [obstacleAmong(selected, ordinal, rank)] : [];
  const isPromoted = place !== null && selected.promotedPlaces.has(place - 1);
  lane.setWinners([position]);
  const reasons = reasonsFor(selected, selected.scored)(0);
  const standing = [
    ...(place === null ? [] : [`place ${place}${isPromoted ? ', promoted' : ''}`]),
    ...(rank === null ? [] : [`rank ${rank}, because ${reasonsText(reasons)}`]),
  ];
  return {
    ...facts,
    text: [...obstacles.map((obstacle) => obstacle.text), ...standing].join('; '),
    place,
    ...(isPromoted && { promoted: true }),
    rank,
    score: rank === null ? null : score,
    reasons,
    obstacles,
  };
}

/** From 1: how many scores are better, or as good and in front of it. */
function rankOf(scores: Float64Array, position: number): number {
  const score = scores[position]!;
  let rank = 1;
  scores.forEach((other, at) => {
    if (other > score || (other === score && at < position)) rank++;
  });
  return rank;
}

/** What keeps a shop from being a candidate. Each condition is looked at by itself. */
function obstaclesBefore(draft: Draft, ordinal: number): Obstacle[] {
  return [
    ...placeObstacles(draft, ordinal),
    ...filterObstacles(draft, ordinal),
    ...hoursObstacles(draft, ordinal),
    ...exclusionObstacles(draft, ordinal),
  ];
}

function placeObstacles(draft: Draft, ordinal: number): Obstacle[] {
  const { generation, job, widenings } = draft;
  const { request } = job;
  const obstacles: Obstacle[] = [];
  const beyondZone = generation.metersBeyondReach(ordinal, request.location);
  if (beyondZone > 0) {
    const meters = toDecimeter(beyondZone);
    obstacles.push({ code: 'outside_zone', meters, text: `outside zone by ${shownMeters(meters)}` });
  }
  const radiusMeters = radiusMetersAfter(request, widenings);
  const squared = chordSquaredTo(draft, ordinal);
  // By the chord, as candidates are found: what is rounded may lie on the other side.
  if (radiusMeters !== undefined && squared > chordSquaredOfMeters(radiusMeters)) {
    const meters = Math.max(0, toDecimeter(metersOfChordSquared(squared) - radiusMeters));
    const text = `outside radiusMeters by ${shownMeters(meters)}`;
    obstacles.push({ code: 'outside_radius', meters, field: 'radiusMeters', text });
  }
  if (request.within !== undefined && !isWithin(generation, request.within, ordinal))
    obstacles.push({ code: 'outside_within', field: 'within', text: 'outside within' });
  return obstacles;
}

function filterObstacles({ generation, job }: Draft, ordinal: number): Obstacle[] {
  const viewed = (): number[] => viewedOrdinals(generation, job);
  const passes = (filter: Filter): boolean =>
    generation.catalog.compileFilter(filter, viewed)(Uint32Array.of(ordinal), 1) === 1;
  return partsOf(job.request.filter ?? {}, 'filter')
    .filter(({ filter }) => !passes(filter))
    .map(({ field }) => ({ code: 'filtered', field, text: `filtered: ${field.slice('filter.'.length)}` }));
}

/** The conditions of a filter that must each hold, with their places. */
function partsOf(filter: Filter, field: string): { readonly filter: Filter; readonly field: string }[] {
  const { and = [], ...others } = filter;
  return [
    ...Object.entries(others)
      .filter(([, condition]) => condition !== undefined)
      .map(([name, condition]) => ({ filter: { [name]: condition }, field: `${field}.${name}` })),
    ...and.flatMap((part, i) => partsOf(part, `${field}.and[${i}]`)),
  ];
}

function hoursObstacles({ generation, job, openShops }: Draft, ordinal: number): Obstacle[] {
  const { openOnly, openFor } = job.request;
  const openness = openShops.opennessOf(ordinal);
  if (openOnly === false || openness === 'open') return [];
  if (openness === 'unknown') {
    if (openOnly === true) return [];
    return [
      { code: 'unknown_hours', field: 'openOnly', text: 'hours unknown, openOnly asks for known ones' },
    ];
  }
  const changeMs = openShops.changeAfter(ordinal);
  const { hours } = generation;
  const timetable = openShops.clockTimetableOf(ordinal);
  const local = changeMs === undefined ? undefined : hours.localTime(timetable, changeMs);
  const today = hours.localTime(timetable, job.nowMs).slice(0, 10);
  const time = local?.startsWith(today) ? local.slice(11) : local?.replace('T', ' ');
  const shown = timetable === UNKNOWN_TIMETABLE ? `${time} UTC` : time;
  if (openShops.isOpenAtFirst(ordinal))
    return [
      { code: 'closed', field: 'openFor', text: `closes at ${shown}, not open for ${openFor} minutes` },
    ];
  if (changeMs === undefined) return [{ code: 'closed', text: 'closed' }];
  return [{ code: 'closed', until: new Date(changeMs).toISOString(), text: `closed until ${shown}` }];
}

function exclusionObstacles({ generation, job }: Draft, ordinal: number): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (seenOrdinals(generation, job).has(ordinal))
    obstacles.push({ code: 'excluded', field: 'excludeSeen', text: 'excluded: seen' });
  if (namedOrdinals(generation, job).includes(ordinal))
    obstacles.push({ code: 'excluded', field: 'excludeShopIds', text: 'excluded: excludeShopIds' });
  return obstacles;
}

/** What keeps a candidate out of the answer. */
function obstacleAmong(selected: Selected, ordinal: number, rank: number | null): Obstacle {
  const { lane, job, step } = selected;
  const { limit } = job.request;
  if (rank === null) return obstacleOfLeftOut(job, ordinal, step);
  // An answer in the order of scores has no place left, and nothing in it that stands behind the shop.
  const { scores } = lane;
  const position = lane.positionOf(ordinal);
  const score = scores[position]!;
  const isBehind = (other: number): boolean =>
    scores[other]! < score || (scores[other] === score && other > position);
  const winners = lane.winnerOrdinals();
  const isPassedOver = winners.length < limit || winners.some((winner) => isBehind(lane.positionOf(winner)));
  if (!isPassedOver) return { code: 'beyond_limit', field: 'limit', text: `beyond the limit of ${limit}` };
  const cap = fullCap(selected, ordinal);
  if (cap !== undefined)
    return {
      code: 'passed_over',
      field: `diversity.maxPer.${cap}`,
      text: `passed over: ${cap} has its shops`,
    };
  const field = job.request.diversity?.mmr === undefined ? 'promotion' : 'diversity.mmr';
  return { code: 'passed_over', field, text: `passed over: ${field}` };
}

function obstacleOfLeftOut({ continued }: RecommendJob, ordinal: number, step: Selected['step']): Obstacle {
  if (continued?.shown.includes(ordinal) || continued?.earlier.includes(ordinal))
    return { code: 'shown_before', field: 'after', text: 'shown on a page before' };
  if (step === 'list') return { code: 'not_listed', text: "not in the user's list" };
  return { code: 'unlike', field: 'fusion.minSimilarity', text: 'less similar than fusion.minSimilarity' };
}

/** The column of which the answer holds as many shops with the value of this one as it may. */
function fullCap({ generation, lane, job }: Selected, ordinal: number): string | undefined {
  const winners = lane.winnerOrdinals();
  const caps = Object.entries(job.request.diversity?.maxPer ?? {});
  return caps.find(([name, countMax]) => {
    const { codes } = generation.catalog.columns.textColumn(name);
    const like = winners.filter((winner) => codes[winner] === codes[ordinal]);
    return codes[ordinal] !== 0 && like.length >= countMax;
  })?.[0];
}

function chordSquaredTo({ generation, job }: Draft, ordinal: number): number {
  return generation.reachTree.chordsSquaredFrom(job.request.location)(ordinal);
}

function reasonsText(reasons: readonly Reason[]): string {
  const strongest = reasons.toSorted((a, b) => Math.abs(b.share) - Math.abs(a.share));
  return strongest.slice(0, REASONS_SHOWN_MAX).map(reasonText).join(', ') || 'nothing ranks it';
}

function reasonText(reason: Reason): string {
  const rank = reason.rank === null ? '' : ` rank ${reason.rank}`;
  if ('signal' in reason) return `${reason.signal}${rank} (${shownValue(reason.value)})`;
  const similarity = ` (similarity ${reason.similarity.toFixed(3)})`;
  if ('vector' in reason) return `vectors[${reason.vector}]${rank}${similarity}`;
  return `${actionText(reason.action)}${rank}${similarity}`;
}

export function actionText({ type, keyword, takenAs, composed, shopId }: ShownAction): string {
  if (takenAs === undefined) return `${type} ${keyword ?? shopId}`;
  return `${type} ${keyword} (${composed ? 'composed, near' : 'taken as'} ${takenAs})`;
}

function shownValue(value: number | null): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(4)));
}

function shownMeters(meters: number): string {
  return meters < 0.5 ? 'less than 1 m' : `${Math.round(meters)} m`;
}
