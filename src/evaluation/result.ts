/** What an evaluation found: JSON, also as part of a model card, so fields are added and never change their meaning. */
import type { RecommendRequest } from '../recommender/request.ts';
import type { Protocol } from './cases.ts';
import type { CandidateRule } from './replayed-snapshot.ts';

/** A mean over cases, and what the middle 95 % of its bootstrap resamples lie between: null of one user, who tells nothing of others. */
export interface Estimate {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** By metric, such as `ndcg@5`. */
export type Metrics = Readonly<Record<string, Estimate>>;

/** How users are told apart: by how much is known of them at the moment of the case. */
export type GroupName = 'new' | 'light' | 'heavy';

export interface RankerResult {
  /** `doorrank`, `doorrank` and another version, or a baseline. */
  readonly name: string;
  readonly metrics: Metrics;
  /** This ranker less the reference, over the same cases and resamples; of the reference itself absent. */
  readonly difference?: Metrics;
  /** By `coverage@k`: the share of the catalog that was shown to anyone. */
  readonly coverage: Readonly<Record<string, number>>;
  /** Groups without a case have no metrics. */
  readonly groups: Readonly<Record<GroupName, Metrics>>;
}

export interface CaseCounts {
  readonly caseCount: number;
  readonly userCount: number;
}

export interface EvaluationResult {
  readonly format: 1;
  /** Of the snapshot. */
  readonly version: string;
  readonly protocol: Protocol;
  readonly slice: CaseCounts & {
    /** Cases that those asked were drawn from. Absent in results of before it was counted. */
    readonly foundCaseCount?: number;
    readonly trainingActionCount: number;
    readonly testActionCount: number;
    /** The oldest action, the first and the last of the test part, ISO 8601. */
    readonly from: string;
    readonly cut: string;
    readonly until: string;
    /** Relevant shops over all cases, and those among them that the snapshot does not know: nobody can find these. */
    readonly relevantCount: number;
    readonly unknownCount: number;
  };
  readonly terms: {
    /** Which cases were taken: as `CaseSelection` has it, null where nothing was said. */
    readonly cases: {
      readonly types: readonly string[] | null;
      readonly lastOfSessions: boolean;
      readonly sessionGapMs: number;
      readonly targetCount: number | null;
      readonly caseCountMax: number | null;
    };
    readonly candidates: CandidateRule;
    /** What every request said beside the case. */
    readonly request: Partial<RecommendRequest>;
    readonly ks: readonly number[];
    /** Shops of a ranking that count for `mrr`. */
    readonly depth: number;
    readonly actionsPerUserMax: number;
    readonly seed: number;
    readonly resampleCount: number;
    /** A user of fewer actions is `light`, of none `new`. */
    readonly heavyFrom: number;
    /** What differences are to. */
    readonly reference: string;
    /** The version that was asked the same, called `doorrank` and its name among the rankers. */
    readonly beside: string | null;
  };
  readonly groups: Readonly<Record<GroupName, CaseCounts>>;
  readonly rankers: readonly RankerResult[];
}
