/**
 * Popularity: shops by how many actions of the training part wanted them, the same for everyone. On sparse check-ins it
 * is hard to beat (Dacrema, Cremonesi & Jannach, "Are we really making much progress?", RecSys 2019), and what a new user
 * gets anyhow.
 */
import type { Baseline } from './baseline.ts';
import type { Setting } from '../setting.ts';

export function popularity(setting: Setting): Baseline {
  return { write: (_asked, strengths) => strengths.set(setting.popularity) };
}
