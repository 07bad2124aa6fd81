/**
 * "Which shop next?": one case for each action of the test part, or for some of them, given all that the user did before
 * it – the actions of the test part too, as the action store would hold them by then.
 */
import type { ActionLog } from '../training/action-log.ts';
import type { EvaluationCase } from './cases.ts';
import type { CutLog } from './time-cut.ts';
import { countBefore, sessionStart, UserRows } from './user-rows.ts';
import { wantedRows } from './wanted-rows.ts';

export interface NextOptions {
  /** Types of the actions to predict. Default: all that say a user wanted a shop. */
  readonly types?: readonly string[] | undefined;
  /** Predict only the last action of each session, which ends where the user pauses for longer than this. */
  readonly sessionGapMs?: number | undefined;
  /** Predict only actions of which this log has one with the same user, shop and moment. */
  readonly targets?: ActionLog | undefined;
}

/** The cases in order of time. */
export function nextCases({ log, testStart }: CutLog, options: NextOptions = {}): EvaluationCase[] {
  const { types, sessionGapMs, targets } = options;
  const isWanted = wantedRows(log, types);
  const named = targets === undefined ? undefined : namesIn(targets);
  const isTarget = (row: number): boolean =>
    isWanted[row] === 1 && (named === undefined || named.has(nameOf(log, row)));
  const users = new UserRows(log);
  const cases: EvaluationCase[] = [];
  for (let user = 0; user < users.userCount; user++) {
    const rows = users.of(user);
    for (const row of sessionGapMs === undefined ? rows : lastOfSessions(log, rows, sessionGapMs, isTarget)) {
      if (row < testStart || !isTarget(row)) continue;
      const atMs = log.atMs[row]!;
      const history = rows.subarray(0, countBefore(log, rows, atMs));
      cases.push({ user, history, atMs, relevant: [log.targets[row]!] });
    }
  }
  return cases.sort((a, b) => a.atMs - b.atMs); // stable: of one moment, in order of users
}

/** Of each session the last row that is a target, oldest session first. */
function lastOfSessions(
  log: ActionLog,
  rows: Uint32Array,
  gapMs: number,
  isTarget: (row: number) => boolean,
): number[] {
  const last: number[] = [];
  for (let end = rows.length; end > 0;) {
    const start = sessionStart(log, rows, end, gapMs);
    const found = rows.subarray(start, end).findLast(isTarget);
    if (found !== undefined) last.push(found);
    end = start;
  }
  return last.reverse();
}

function namesIn(log: ActionLog): ReadonlySet<string> {
  const names = new Set<string>();
  for (let row = 0; row < log.count; row++)
    if (log.targets[row]! < log.shopIds.length) names.add(nameOf(log, row));
  return names;
}

/** What tells an action about a shop from others. */
function nameOf({ userIds, users, shopIds, targets, atMs }: ActionLog, row: number): string {
  return JSON.stringify([userIds[users[row]!], shopIds[targets[row]!], atMs[row]]);
}
