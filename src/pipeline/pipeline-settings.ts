/** What a pipeline run can be told beside where its files are and how embeddings are trained. */
import type { BaselineName } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import type { CandidateRule } from '../evaluation/replayed-snapshot.ts';

/** All of it is part of what steps are keyed by. JSON. */
export interface PipelineSettings {
  /** What a version is asked: the next shop, or the shops that are new to a user. */
  readonly protocol: Protocol;
  /** Share of the actions, 0..1, that weights are fitted to: those right before the test part. */
  readonly validationShare: number;
  /** Share of the actions, 0..1, that versions are compared with: the newest. */
  readonly testShare: number;
  /** What decides, such as `ndcg@5` or `mrr`. */
  readonly metric: string;
  /** How much of `metric` a new version may lose and still be activated. */
  readonly margin: number;
  readonly candidates: CandidateRule;
  /** Types of the actions to predict. Default: all that say a user wanted a shop. */
  readonly types?: readonly string[] | undefined;
  /** Of more cases so many are drawn, in the fit and in the evaluation. */
  readonly caseCountMax: number;
  /** Asked beside the versions, as what one must beat; popularity always is. */
  readonly baselines: readonly BaselineName[];
  /** IANA name of the zone of shops without one of their own, whose hours count in signals. */
  readonly timeZone: string;
  /** Public holidays by time zone, as `holidaysByZone` takes them. Default: none are known. */
  readonly holidays?: unknown;
  /** An action of so many days before the newest counts half in popularity. */
  readonly popularityHalfLifeDays: number;
  /** Shops of the list that a version holds of every user, 1 to 1,000. Default: it holds no lists. */
  readonly userListLimit?: number | undefined;
}

export const PIPELINE_DEFAULTS = Object.freeze({
  protocol: 'next',
  validationShare: 0.1,
  testShare: 0.1,
  metric: 'ndcg@5',
  margin: 0.02,
  candidates: 'all',
  caseCountMax: 4_000,
  baselines: ['popularity', 'popularity-distance', 'own-frequency'],
  timeZone: 'UTC',
  popularityHalfLifeDays: 60,
} satisfies PipelineSettings);
