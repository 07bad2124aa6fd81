/**
 * "Which shops would this user like that are new to them?": one case for each user of the test part, asked at the cut.
 * Right are all shops that the user wanted afterwards and had never acted on before. Users whose test part holds no such
 * shop make no case.
 */
import type { EvaluationCase } from './cases.ts';
import type { CutLog } from './time-cut.ts';
import { countBefore, UserRows } from './user-rows.ts';
import { wantedRows } from './wanted-rows.ts';

/** The cases in order of the users' first appearance in the log. `types`: of the actions that are to be predicted. */
export function newCases(
  { log, testStart, cutMs }: CutLog,
  { types }: { readonly types?: readonly string[] | undefined } = {},
): EvaluationCase[] {
  const isWanted = wantedRows(log, types);
  const users = new UserRows(log);
  const cases: EvaluationCase[] = [];
  for (let user = 0; user < users.userCount; user++) {
    const rows = users.of(user);
    const known = new Set<number>();
    const relevant = new Set<number>();
    for (const row of rows) {
      const target = log.targets[row]!;
      if (row < testStart) known.add(target);
      else if (isWanted[row] === 1 && !known.has(target)) relevant.add(target);
    }
    if (relevant.size === 0) continue;
    const history = rows.subarray(0, countBefore(log, rows, cutMs));
    cases.push({ user, history, atMs: cutMs, relevant: [...relevant] });
  }
  return cases;
}
