/** Sessions, the table of what is trained, and the lists that negatives are drawn from. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { ActionLogBuilder, type ActionLog } from '../src/training/action-log.ts';
import { DRAW_WORDS, negativeLists } from '../src/training/negative-lists.ts';
import { NO_TARGET, sessionsOf, targetCounts } from '../src/training/sessions.ts';
import { keepThresholds, NO_ROW, vocabularyOf } from '../src/training/vocabulary.ts';

const MINUTE_MS = 60_000;

/** `user minute type target`, a keyword in quotes, perhaps a weight. */
function logOf(...lines: readonly string[]): ActionLog {
  const builder = new ActionLogBuilder();
  for (const line of lines) {
    const [userId, minute, type, target, weight = '1'] = line.split(' ') as [string, string, string, string];
    const about = target.startsWith("'") ? { keyword: target.slice(1, -1) } : { shopId: target };
    builder.add({ userId, type, ...about, atMs: 1e12 + Number(minute) * MINUTE_MS, weight: Number(weight) });
  }
  return builder.finish();
}

/** Sessions as text, what was ordered behind an arrow. */
function sessionTexts(
  log: ActionLog,
  options: { sessionGapMinutes?: number; countMin?: number } = {},
): string[] {
  const sessions = sessionsOf(log, targetCounts(log), { sessionGapMinutes: 30, countMin: 1, ...options });
  const texts = [...log.shopIds, ...log.keywords.map((keyword) => `'${keyword}'`)];
  return Array.from({ length: sessions.count }, (_, i) => {
    const targets = sessions.targets.subarray(sessions.starts[i], sessions.starts[i + 1]);
    const order = sessions.orders[i]!;
    const words = Array.from(targets, (target) => texts[target]);
    return [...words, ...(order === NO_TARGET ? [] : ['→', texts[order]])].join(' ');
  });
}

test('a pause longer than the gap and another user begin another session', () => {
  const log = logOf(
    "a 0 search 'k'",
    'b 5 view s',
    'a 30 view s',
    'b 6 view t',
    'a 61 view t',
    'a 62 view u',
  );
  expect(sessionTexts(log)).toEqual(["'k' s", 't u', 's t']);
  expect(sessionTexts(log, { sessionGapMinutes: 31 })).toEqual(["'k' s t u", 's t']);
});

test('the last ordered shop is that of the session; a target after itself counts once', () => {
  const log = logOf(
    'a 0 view s',
    'a 1 order s',
    'a 2 view t',
    'a 3 order t',
    'a 4 view s',
    'b 0 view s',
    'b 1 view t',
  );
  expect(sessionTexts(log)).toEqual(['s t s → t', 's t']);
});

test('what was dismissed or weighed down, is rare, or stands alone takes no part', () => {
  const log = logOf(
    'a 0 view s',
    'a 1 dismiss x',
    'a 2 view y -1',
    'a 3 view t',
    'b 0 view s',
    'b 1 view t',
    'c 0 view s',
    'c 1 view z',
  );
  expect(sessionTexts(log)).toEqual(['s t', 's t', 's z']);
  expect(sessionTexts(log, { countMin: 2 })).toEqual(['s t', 's t']);
  expect(Array.from(targetCounts(log))).toEqual(log.shopIds.map((id) => ({ s: 3, t: 2, z: 1 })[id] ?? 0));
});

test('every action that is in no session is counted by its reason', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const lines = Array.from({ length: 200 }, () =>
      [
        random.pick(['a', 'b', 'c']),
        random.below(3_000),
        random.pick(['view', 'order', 'dismiss']),
        random.pick(["'k'", 's', 's', 't', `x${random.below(40)}`]),
        random.pick([1, 1, 1, 0]),
      ].join(' '),
    );
    const log = logOf(...lines);
    const { targets, leftOut } = sessionsOf(log, targetCounts(log), { sessionGapMinutes: 30, countMin: 2 });
    expect(leftOut, `seed ${seed}`).toEqual(leftOutOf(log));
    const { alone, repeated, rare, unwanted } = leftOut;
    expect(targets.length + alone + repeated + rare + unwanted, `seed ${seed}`).toBe(log.count);
  }
});

/** With a gap of 30 minutes and two actions at least, from what each reason means. */
function leftOutOf(log: ActionLog): object {
  const rows = Array.from({ length: log.count }, (_, row) => row);
  const wanted = rows.filter(
    (row) => log.weights[row]! > 0 && log.types[log.typeNumbers[row]!] !== 'dismiss',
  );
  const on = (row: number) => wanted.filter((other) => log.targets[other] === log.targets[row]);
  const meant = wanted.filter((row) => on(row).length >= 2);
  const sessions = new Map<string, number[]>();
  for (const user of new Set(log.users)) {
    let [session, beforeMs] = [0, -Infinity];
    for (const row of meant.filter((row) => log.users[row] === user)) {
      if (log.atMs[row]! - beforeMs > 30 * MINUTE_MS) session++;
      beforeMs = log.atMs[row]!;
      const key = `${user} ${session}`;
      sessions.set(key, [...(sessions.get(key) ?? []), log.targets[row]!]);
    }
  }
  const isAlone = (targets: number[]): boolean => new Set(targets).size === 1;
  const all = [...sessions.values()];
  return {
    alone: all.filter(isAlone).flat().length,
    repeated: all
      .filter((targets) => !isAlone(targets))
      .flatMap((targets) => targets.filter((target, i) => i > 0 && target === targets[i - 1])).length,
    rare: wanted.length - meant.length,
    unwanted: log.count - wanted.length,
  };
}

test('a session that is too long for the kernel is divided', () => {
  const log = logOf(...Array.from({ length: 2_500 }, (_, i) => `a 0 view s${i % 7}`));
  const { starts } = sessionsOf(log, targetCounts(log), { sessionGapMinutes: 1, countMin: 1 });
  expect([...starts]).toEqual([0, 1024, 2048, 2500]);
});

test('rows are the targets of sessions, the most frequent first', () => {
  const log = logOf(
    'a 0 view s',
    "a 1 search 'k'",
    'a 2 view t',
    "b 0 search 'k'",
    'b 1 view t',
    'c 0 view alone',
  );
  const sessions = sessionsOf(log, targetCounts(log), { sessionGapMinutes: 30, countMin: 1 });
  const vocabulary = vocabularyOf(sessions, log.shopIds.length + log.keywords.length);
  const texts = [...log.shopIds, ...log.keywords];
  expect(Array.from(vocabulary.targets, (target) => texts[target])).toEqual(['t', 'k', 's']);
  expect([...vocabulary.counts]).toEqual([2, 2, 1]);
  expect(vocabulary.rows[log.shopIds.indexOf('alone')]).toBe(NO_ROW);
  vocabulary.targets.forEach((target, row) => expect(vocabulary.rows[target]).toBe(row));
});

test('frequent rows are kept with the probability √(t / f) + t / f', () => {
  const vocabulary = {
    rowCount: 2,
    targets: new Uint32Array(2),
    rows: new Uint32Array(2),
    counts: Uint32Array.of(900, 100),
  };
  const t = 0.01;
  const expected = Math.sqrt(t / 0.9) + t / 0.9;
  const [frequent, other] = keepThresholds(vocabulary, t);
  expect(frequent! / 2 ** 32).toBeCloseTo(expected, 6);
  expect(other! / 2 ** 32).toBeCloseTo(Math.sqrt(0.1) + 0.1, 6);
  expect([...keepThresholds(vocabulary, 0)]).toEqual([0xffff_ffff, 0xffff_ffff]);
  expect(keepThresholds(vocabulary, 1)[1]).toBe(0xffff_ffff);
});

test('each list draws its rows with the share count^0.75, neighbourhoods their shops alone', () => {
  const counts = Uint32Array.from({ length: 300 }, (_, row) => Math.ceil(5_000 / (row + 1)));
  const cells = Array.from(counts, (_, row) =>
    row % 4 === 0 ? undefined : row % 4 === 1 ? 11 : 22 + (row % 50),
  );
  const { draws, starts, neighbourhoods } = negativeLists(counts, cells);
  const rowsOfList = [
    Array.from(counts, (_, row) => row),
    cells.flatMap((cell, row) => (cell === 11 ? [row] : [])),
  ];
  expect(starts.length - 1).toBe(2); // the other cells hold too few
  rowsOfList.forEach((rows, list) => {
    const shares = new Float64Array(counts.length);
    const length = starts[list + 1]! - starts[list]!;
    for (let at = starts[list]!; at < starts[list + 1]!; at++) {
      const [threshold, row, alias] = draws.subarray(at * DRAW_WORDS);
      shares[row!]! += threshold! / 2 ** 32 / length;
      shares[alias!]! += (1 - threshold! / 2 ** 32) / length;
    }
    const total = rows.reduce((sum, row) => sum + counts[row]! ** 0.75, 0);
    counts.forEach((count, row) =>
      expect(shares[row]).toBeCloseTo(rows.includes(row) ? count ** 0.75 / total : 0, 8),
    );
  });
  expect(Array.from(neighbourhoods)).toEqual(cells.map((cell) => (cell === 11 ? 1 : 0)));
});
