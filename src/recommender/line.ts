/** What the steps of a request hand on. */
import type { OpenShops } from '../catalog/open-shops.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { QueryVector } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';

/** What a line runs on: a generation, and this thread's scratch in front of it. */
export interface Line {
  readonly generation: Generation;
  readonly lane: Lane;
}

/** A request for a recommendation up to its candidates, which lie in the lane with the query vectors. */
export interface Draft extends Line {
  readonly job: RecommendJob;
  readonly queries: readonly QueryVector[];
  readonly openShops: OpenShops;
  /** How often the radius was doubled to find enough. */
  readonly widenings: number;
  readonly candidateCount: number;
  readonly startMs: number;
  readonly candidatesMs: number;
}
