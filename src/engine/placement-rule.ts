export const DIVIDE_COST_MIN = 20_000_000;
export const SHARE_COST_MIN = 8_000_000;
export const BATCH_MAX = 8;
export function rankingThreads(cost: number, threads: number, freeThreads: number): number {
  if (threads === 0 || cost < DIVIDE_COST_MIN) return 0;
  return Math.max(1, Math.min(freeThreads, Math.floor(cost / SHARE_COST_MIN)));
}
export function batchSize(queued: number, freeThreads: number): number {
  if (queued < 2) return 0;
  return Math.min(BATCH_MAX, Math.floor(queued / (freeThreads + 1)));
}
