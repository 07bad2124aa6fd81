/** Schemas of numbers within bounds, which say the bounds when they refuse. */
import { z } from 'zod';

/** A whole number in [low, high]. */
export function wholeNumber(low: number, high: number) {
  const error = { error: `must be a whole number ${low}..${high}` };
  return z.number(error).int(error).min(low, error).max(high, error);
}

/** A number in [low, high]. */
export function numberWithin(low: number, high: number) {
  const error = { error: `must be a number ${low}..${high}` };
  return z.number(error).min(low, error).max(high, error);
}
