/** Cases are answered by the line that serves: what an engine answers to the same request, and what follows for metrics. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { evaluationText, unknownText } from '../src/cli/evaluation-text.ts';
import type { EvaluationCase } from '../src/evaluation/cases.ts';
import {
  BEST_BASELINE,
  evaluate,
  EVALUATION_DEFAULTS,
  type EvaluationOptions,
} from '../src/evaluation/evaluate.ts';
import { evaluateVersion, type VersionOptions } from '../src/evaluation/evaluate-version.ts';
import { metricBars } from '../src/evaluation/metric-bars.ts';
import { nextCases } from '../src/evaluation/next-cases.ts';
import { newCases } from '../src/evaluation/new-cases.ts';
import { Replay, type ReplayOptions } from '../src/evaluation/replay.ts';
import { withReplayedSnapshot, type CandidateRule } from '../src/evaluation/replayed-snapshot.ts';
import type { EvaluationResult, RankerResult } from '../src/evaluation/result.ts';
import { Setting } from '../src/evaluation/setting.ts';
import { cutByShare, type CutLog } from '../src/evaluation/time-cut.ts';
import { lineActionsOf } from '../src/evaluation/user-rows.ts';
import { openEngine, type Engine } from '../src/index.ts';
import type { Line } from '../src/recommender/line.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';
import { randomLog } from './made-log.ts';

const VERSION = 'v1';
const SHOP_COUNT = 800;
const DEPTH = 30;
const GIVEN: ReplayOptions = {
  protocol: 'next',
  candidates: 'in-zone',
  request: {},
  depth: DEPTH,
  actionsPerUserMax: 200,
};

const workspace = new Workspace();
let built: BuiltTown;
let engine: Engine;
let cut: CutLog;
beforeAll(async () => {
  built = await buildTown(workspace, VERSION, { seed: 8, shopCount: SHOP_COUNT, dimensions: 12 });
  await buildTown(workspace, 'other', { seed: 8, shopCount: SHOP_COUNT - 100, dimensions: 4 });
  built.store.activate(VERSION);
  engine = await openEngine({ store: built.store.directory, data: workspace.path('data'), threads: 0 });
  const { town } = built;
  cut = cutByShare(
    randomLog({
      seed: 2,
      actionCount: 600,
      userCount: 20,
      shopIds: Array.from({ length: SHOP_COUNT }, (_, row) => town.shop(row).shopId),
      keywords: town.keywords.map(({ keyword }) => keyword),
    }),
    0.2,
  );
});
afterAll(async () => {
  await engine.close();
  workspace.remove();
});

function withLine<T>(candidates: CandidateRule, use: (line: Line) => T): T {
  return withReplayedSnapshot(built.store.pathOf(VERSION), VERSION, candidates, use);
}

/** The shop ids of each ranking. */
function replayed(cases: readonly EvaluationCase[], options: ReplayOptions): string[][] {
  return withLine(options.candidates, (line) => {
    const replay = new Replay(new Setting(cut, line.generation), line, options);
    return cases.map((asked) =>
      Array.from(replay.begin(asked).rank(), (ordinal) => line.generation.catalog.ids.idOf(ordinal)),
    );
  });
}

/** What the engine answers to a user who brings along what the case knows. */
async function answered(cases: readonly EvaluationCase[], options: ReplayOptions): Promise<string[][]> {
  const { log } = cut;
  const setting = withLine('in-zone', (line) =>
    cases.map((asked) => new Setting(cut, line.generation).locationOf(asked)),
  );
  const answers: string[][] = [];
  for (const [at, { history, atMs }] of cases.entries()) {
    const actions = lineActionsOf(log, history, 50).map(({ atMs: actedMs, ...action }) => ({
      ...action,
      at: new Date(actedMs).toISOString(),
    }));
    const { shops } = await engine.recommend({
      ...options.request,
      actions,
      location: setting[at]!,
      at: new Date(atMs).toISOString(),
      limit: DEPTH,
      excludeSeen: options.protocol === 'new',
    });
    answers.push(shops.map(({ shopId }) => shopId));
  }
  return answers;
}

test('a case is answered as the engine answers the same request', async () => {
  const request = {
    radiusMeters: 2_500,
    fusion: { method: 'weighted', halfLifeMinutes: 500, signals: { popularity: 0.2 } },
  } as const;
  const cases = nextCases(cut);
  expect(cases.length).toBeGreaterThan(40);
  for (const options of [GIVEN, { ...GIVEN, request }]) {
    const rankings = replayed(cases, options);
    expect(rankings).toEqual(await answered(cases, options));
    expect(rankings.some((ranking) => ranking.length === DEPTH)).toBe(true);
  }
  const asNew = { ...GIVEN, protocol: 'new' } as const;
  const users = newCases(cut);
  expect(replayed(users, asNew)).toEqual(await answered(users, asNew));
});

test('requestDefaults that do not hold, or not with the request, are ignored as where the version serves', async () => {
  const wrong = {
    nonsense: { fusion: { method: 'magic' } },
    narrow: { limit: 5, fusion: { method: 'max', depth: 5 } },
  };
  const cases = nextCases(cut).slice(0, 20);
  const expected = replayed(cases, GIVEN);
  for (const [version, requestDefaults] of Object.entries(wrong)) {
    const { path } = await buildSnapshot(
      { ...built.inputs, version, metric: 'cosine', modelCard: { requestDefaults } },
      built.store,
    );
    const lines: unknown[] = [];
    const log = { ...silentLog, warn: (fields: object) => void lines.push(fields) };
    const options = { ...EVALUATION_DEFAULTS, ...GIVEN, log, ks: [5] };
    const rankings = withReplayedSnapshot(path, version, 'in-zone', (line) => {
      evaluate(cut, line, options);
      const replay = new Replay(new Setting(cut, line.generation), line, GIVEN);
      const { ids } = line.generation.catalog;
      return cases.map((asked) => Array.from(replay.begin(asked).rank(), (ordinal) => ids.idOf(ordinal)));
    });
    expect(rankings, version).toEqual(expected);
    const problem = expect.stringContaining('fusion.method') as string;
    expect(lines).toEqual(version === 'nonsense' ? [{ version, problem }] : []);
  }
});

test('where only new shops are asked for, none that the user has acted on is in a ranking', () => {
  const cases = newCases(cut);
  const rankings = replayed(cases, { ...GIVEN, protocol: 'new', candidates: 'all' });
  cases.forEach(({ history }, at) => {
    const acted = lineActionsOf(cut.log, history, 1_000).map(({ shopId }) => shopId);
    expect(rankings[at]!.filter((shopId) => acted.includes(shopId))).toEqual([]);
    expect(rankings[at]).toHaveLength(DEPTH);
  });
});

test('candidates are all shops, or those that deliver to where the user is', () => {
  const [asked] = nextCases(cut);
  const candidatesOf = (candidates: CandidateRule): number[] =>
    withLine(candidates, (line) => {
      const replay = new Replay(new Setting(cut, line.generation), line, { ...GIVEN, candidates });
      return [...replay.begin(asked!).candidates];
    });
  const inZone = candidatesOf('in-zone');
  expect(candidatesOf('all')).toEqual(Array.from({ length: SHOP_COUNT }, (_, ordinal) => ordinal));
  expect(inZone.length).toBeGreaterThan(5);
  expect(inZone.length).toBeLessThan(SHOP_COUNT);
});

test('requests cannot say what cases decide, and what they say is checked', () => {
  const given = (request: object) => () => replayed(nextCases(cut), { ...GIVEN, request });
  expect(given({ location: { lon: 1, lat: 2 } })).toThrow(/^location is what each case decides/);
  expect(given({ actions: [] })).toThrow(/^actions is what each case decides/);
  expect(given({ fusion: { method: 'best' } })).toThrow(/^fusion.method must be/);
  expect(given({ fusoin: {} })).toThrow(/^fusoin is not a known field/);
});

function evaluated(options: Partial<EvaluationOptions> = {}): EvaluationResult {
  const given = { ...EVALUATION_DEFAULTS, protocol: 'next', resampleCount: 100, ...options } as const;
  return withLine(given.candidates, (line) => evaluate(cut, line, given));
}

test('an evaluation says what rankings and cases say', () => {
  const cases = nextCases(cut);
  const { log } = cut;
  const result = evaluated({ candidates: 'in-zone', depth: DEPTH, ks: [5, 30] });
  const wanted = cases.map(({ relevant }) => log.shopIds[relevant[0]!]!);
  const ranks = replayed(cases, GIVEN).map((ranking, at) => ranking.indexOf(wanted[at]!) + 1);
  const share = (k: number): number => ranks.filter((rank) => rank > 0 && rank <= k).length / cases.length;
  const [subject] = result.rankers;
  expect(subject!.name).toBe('doorrank');
  expect(subject!.metrics['accuracy@30']!.mean).toBeGreaterThan(0);
  expect(subject!.metrics['accuracy@5']!.mean).toBeCloseTo(share(5), 12);
  expect(subject!.metrics['recall@30']!.mean).toBeCloseTo(share(30), 12);
  const reciprocals = ranks.map((rank) => (rank === 0 ? 0 : 1 / rank));
  expect(subject!.metrics['mrr']!.mean).toBeCloseTo(
    reciprocals.reduce((sum, each) => sum + each, 0) / cases.length,
    12,
  );
  expect(result.slice).toMatchObject({
    caseCount: cases.length,
    userCount: new Set(cases.map(({ user }) => user)).size,
    trainingActionCount: cut.testStart,
    relevantCount: cases.length,
    unknownCount: 0,
  });
  const { new: none, light, heavy } = result.groups;
  expect(none.caseCount + light.caseCount + heavy.caseCount).toBe(cases.length);
  expect(heavy.caseCount).toBe(cases.filter(({ history }) => history.length >= 10).length);
});

test('means lie in their intervals, differences are those of means, and all of it is JSON that repeats', () => {
  const result = evaluated({ protocol: 'new', reference: 'item-knn', ks: [10] });
  const reference = result.rankers.find(({ name }) => name === 'item-knn')!;
  expect(reference.difference).toBeUndefined();
  expect(result.rankers.map(({ name }) => name)).toEqual([
    'doorrank',
    'popularity',
    'nearest',
    'popularity-distance',
    'last-action',
    'own-frequency',
    'item-knn',
    'user-knn',
    'session-co-occurrence',
  ]);
  for (const { name, metrics, difference } of result.rankers.filter((each) => each !== reference)) {
    for (const [metric, { mean, low, high }] of Object.entries(metrics)) {
      expect(low, `${name} ${metric}`).toBeLessThanOrEqual(mean);
      expect(high, `${name} ${metric}`).toBeGreaterThanOrEqual(mean);
      expect(difference![metric]!.mean).toBeCloseTo(mean - reference.metrics[metric]!.mean, 12);
    }
  }
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(evaluated({ protocol: 'new', reference: 'item-knn', ks: [10] })).toEqual(result);
});

test('differences are to the best of the baselines where that is asked for, and the text names it', () => {
  const options = { baselines: ['nearest', 'popularity', 'last-action'], ks: [1, 10] } as const;
  const result = evaluated({ ...options, reference: BEST_BASELINE });
  const meanOf = ({ metrics }: RankerResult): number => metrics['accuracy@10']!.mean;
  const [subject, ...baselines] = result.rankers;
  const best = baselines.toSorted((a, b) => meanOf(b) - meanOf(a))[0]!;
  expect(best.name).toBe('popularity');
  expect(result).toEqual(evaluated({ ...options, reference: best.name }));
  const line = `the best baseline by accuracy@10 is ${best.name}: ${meanOf(best).toFixed(4)}, doorrank ${meanOf(subject!).toFixed(4)}`;
  expect(evaluationText(result)).toContain(line);
  expect(evaluationText(evaluated({ ...options, reference: 'nearest' }))).toContain(line);
  expect(evaluated({ reference: BEST_BASELINE, baselines: [], ks: [1] }).terms.reference).toBe('doorrank');
});

test('actions of another town are refused, most of them said loudly', () => {
  const foreign = (share: number): CutLog => {
    const shopIds = cut.log.shopIds.map((shopId, place) => (place % 10 < 10 * share ? `x${shopId}` : shopId));
    return { ...cut, log: { ...cut.log, shopIds } };
  };
  const options = { ...EVALUATION_DEFAULTS, protocol: 'next', baselines: [], resampleCount: 10 } as const;
  const ask = (share: number): EvaluationResult =>
    withLine('all', (line) => evaluate(foreign(share), line, { ...options, reference: 'doorrank' }));
  expect(() => ask(1)).toThrow(/^none of \d+ relevant shops is in version v1; take the snapshot/);
  const said = /relevant shops are not in the snapshot and count as missed/;
  expect(evaluationText(ask(0))).not.toMatch(said);
  expect(unknownText(ask(0.2).slice)).toMatch(new RegExp(`^\\d+ of \\d+ ${said.source}$`));
  expect(evaluationText(ask(0.8))).toMatch(
    new RegExp(`^warning: \\d+ of \\d+ ${said.source}: are these`, 'm'),
  );
});

test('intervals of fewer than 30 users are not shown, and why is said', () => {
  const result = evaluated({ ks: [5], reference: 'nearest' });
  const { slice, groups } = result;
  const textOf = (userCount: number, heavyCount: number): string =>
    evaluationText({
      ...result,
      slice: { ...slice, userCount },
      groups: { ...groups, heavy: { ...groups.heavy, userCount: heavyCount } },
    });
  const interval = String.raw`\[-?\+?\d\.\d{4}, -?\+?\d\.\d{4}\]`;
  const headline = new RegExp(String.raw`^doorrank +[+-]?\d\.\d{4} ${interval}$`, 'gm');
  const few = 'fewer than 30 users are too few to tell how far off a figure is';
  expect(textOf(30, 30).match(headline)).toHaveLength(3); // figures, differences, heavy users
  expect(textOf(30, 30)).not.toContain(few);
  expect(textOf(30, 30)).toMatch(/heavy .* cases of 30$/m);
  expect(textOf(29, 29)).not.toMatch(new RegExp(interval));
  expect(textOf(29, 29)).toContain(few);
  expect(textOf(30, 29)).toMatch(/heavy .* cases of 29, too few to tell$/m);
});

test('of one user there are no intervals, in JSON, as text and in a plot', () => {
  const result = evaluated({ caseCountMax: 1, reference: 'nearest', ks: [5] });
  expect(result.slice.userCount).toBe(1);
  for (const { metrics, difference } of result.rankers)
    for (const { low, high } of Object.values({ ...metrics, ...difference }))
      expect([low, high]).toEqual([null, null]);
  expect(evaluationText(result)).toMatch(/^doorrank +\d\.\d{4} –( |$)/m);
  expect(metricBars(result, 'doorrank')).not.toContain('NaN');
});

test('another version is asked the same: its figures are those it has alone, differences are paired', () => {
  const options: VersionOptions = {
    ...EVALUATION_DEFAULTS,
    protocol: 'next',
    candidates: 'in-zone',
    ks: [20],
    baselines: ['nearest'],
    reference: 'doorrank other',
    version: VERSION,
    beside: 'other',
  };
  const counts: string[] = [];
  const result = evaluateVersion(built.store, cut, options, (done, total) => counts.push(`${done}/${total}`));
  const { version, beside: _, ...terms } = options;
  const alone = (of: string) =>
    evaluateVersion(built.store, cut, { ...terms, version: of, reference: 'doorrank' }).rankers[0]!;
  expect(result.rankers.map(({ name }) => name)).toEqual(['doorrank', 'doorrank other', 'nearest']);
  for (const [at, of] of [version, 'other'].entries()) {
    const { metrics, coverage, groups } = alone(of);
    expect(result.rankers[at]).toMatchObject({ metrics, coverage, groups });
  }
  const [subject, other] = result.rankers;
  expect(subject!.metrics).not.toEqual(other!.metrics);
  expect(subject!.difference!['ndcg@20']!.mean).toBeCloseTo(
    subject!.metrics['ndcg@20']!.mean - other!.metrics['ndcg@20']!.mean,
    12,
  );
  expect(result.terms).toMatchObject({ reference: 'doorrank other', beside: 'other' });
  const total = 2 * result.slice.caseCount;
  expect([counts[0], counts.at(-1)]).toEqual([`1/${total}`, `${total}/${total}`]);

  const same = evaluateVersion(built.store, cut, { ...options, beside: VERSION, reference: 'doorrank v1' });
  expect(same.rankers[0]!.difference!['mrr']).toEqual({ mean: 0, low: 0, high: 0 });
});
