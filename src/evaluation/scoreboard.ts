/** What one ranker got right, case by case, and which shops it showed. */
import { check } from '../base/errors.ts';
import { accuracy, ndcg, precision, recall, reciprocalRank } from './metrics.ts';

/** What holds for all rankers of an evaluation. */
export interface BoardTerms {
  readonly ks: readonly number[];
  readonly caseCount: number;
  readonly shopCount: number;
}

/** Columns of metrics by case. */
export class Scoreboard {
  readonly name: string;
  /** By name, such as `ndcg@5`; float64[caseCount] each. */
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly #ks: readonly number[];
  /** Of each k, the ordinals that were among the first k of any case. */
  readonly #shown: readonly Uint8Array[];

  constructor(name: string, { ks, caseCount, shopCount }: BoardTerms) {
    this.name = name;
    this.#ks = ks;
    this.columns = new Map(metricNames(ks).map((metric) => [metric, new Float64Array(caseCount)]));
    this.#shown = ks.map(() => new Uint8Array(shopCount));
  }

  /**
   * Notes the ranking that was given to the case numbered `at`. `relevant`: ordinals of its relevant shops that the
   * snapshot knows; `relevantCount` counts those that it does not know too.
   */
  note(at: number, ranking: Uint32Array, relevant: ReadonlySet<number>, relevantCount: number): void {
    const ranks: number[] = [];
    ranking.forEach((ordinal, place) => {
      if (relevant.has(ordinal)) ranks.push(place + 1);
    });
    this.#set('mrr', at, reciprocalRank(ranks));
    this.#ks.forEach((k, i) => {
      this.#set(`accuracy@${k}`, at, accuracy(ranks, k));
      this.#set(`recall@${k}`, at, recall(ranks, relevantCount, k));
      this.#set(`precision@${k}`, at, precision(ranks, k));
      this.#set(`ndcg@${k}`, at, ndcg(ranks, relevantCount, k));
      for (const ordinal of ranking.subarray(0, k)) this.#shown[i]![ordinal] = 1;
    });
  }

  /**
   * Share of the catalog that was among the first k of any case, for each k (Ge, Delgado-Battenfeld & Jannach, "Beyond
   * accuracy", RecSys 2010). No mean over cases, so it has no interval.
   */
  coverage(): Record<string, number> {
    return Object.fromEntries(
      this.#ks.map((k, i) => {
        const shown = this.#shown[i]!;
        return [`coverage@${k}`, shown.reduce((sum, one) => sum + one, 0) / shown.length];
      }),
    );
  }

  #set(metric: string, at: number, value: number): void {
    const column = this.columns.get(metric);
    check(column !== undefined, `no metric ${metric}`);
    column[at] = value;
  }
}

/** The metrics that are means over cases, in the order in which they are shown. */
function metricNames(ks: readonly number[]): string[] {
  const at = (metric: string): string[] => ks.map((k) => `${metric}@${k}`);
  return [...at('accuracy'), ...at('recall'), ...at('precision'), ...at('ndcg'), 'mrr'];
}
