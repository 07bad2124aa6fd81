/**
 * Where people go next: ln(1 + n / (10 · p)) for a shop that users went on to n times right after the shop of the user's newest
 * action, p the part of all actions that it has; as counted when the snapshot was built. It knows nothing of shops that nobody
 * went on to. A step counted once to a rare shop is a hint, ten of them are a rule: 10 steps that never happened stand
 * against them (the m-estimate: Cestnik, ECAI 1990).
 */
import type { Generation } from '../../snapshot/generation.ts';
import { neighbourSignal } from './neighbour-signal.ts';
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

export function transition({ transitions }: Generation, { shops }: History): Signal {
  return neighbourSignal('transition', transitions, shops.ordinals.subarray(0, 1), 1);
}
