/** What the thread of a run tells the one that started it. Everything here survives a structured clone. */
import type { Outcome } from '../workers/messages.ts';
import type { RecordedOutcome } from '../pipeline/recorded-run.ts';

export type RunMessage =
  | { readonly kind: 'begun'; readonly runNumber: number }
  | { readonly kind: 'stepDone'; readonly name: string; readonly isTakenOver: boolean }
  | { readonly kind: 'progress'; readonly phase: string; readonly done: number; readonly total: number }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'ended'; readonly outcome: Outcome<RecordedOutcome> };
