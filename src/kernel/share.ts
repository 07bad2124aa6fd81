/** What one signal adds to a score at most: several may be added up, and columns may hold the largest numbers there are. */
const SHARE_MAX = 1e300;

/** weight · strength, as the kernels add it to a score: nothing where that is no number. */
export function shareOf(weight: number, strength: number): number {
  const share = weight * strength;
  return Number.isNaN(share) ? 0 : Math.max(-SHARE_MAX, Math.min(SHARE_MAX, share));
}
