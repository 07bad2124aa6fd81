/** An estimate as it stands in tables. */
import type { Estimate } from '../evaluation/result.ts';

const DIGITS = 4;

/** Such as `0.1234 [0.1000, 0.1500]`, or `0.1234 –` of one user; `signed` shows the plus of a difference too. */
export function intervalText({ mean, low, high }: Estimate, signed = false): string {
  const shown = (value: number): string => (signed && value >= 0 ? '+' : '') + value.toFixed(DIGITS);
  return `${shown(mean)} ${low === null || high === null ? '–' : `[${shown(low)}, ${shown(high)}]`}`;
}
