/**
 * This tree against a git revision: the same benches of both, each run in a fresh process, alternated A B B A A B,
 * rows matched by their terms and subject. Below 1× this tree is faster.
 *
 *   npm run bench:compare -- <revision> [<names>] [--rounds 3]
 *
 * The revision is checked out into a temporary worktree with this tree's node_modules and a temporary directory of
 * its own, so that its towns do not replace ours; all of it goes at the end, also on Ctrl-C.
 */
import '../src/base/runtime.js';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { plainTable } from '../src/cli/plain-table.ts';
import { namesOf, readResult, shownMs, threeDigits, type ResultRow } from './result.ts';
import { timingOf, type Timing } from './timing.ts';

const CHECKOUT = path.join(import.meta.dirname, '..');
const NAMES_DEFAULT = ['line', 'kernel'];
const ROUND_COUNT_DEFAULT = '3';

/** One of the two trees. */
interface Side {
  readonly checkout: string;
  readonly env: NodeJS.ProcessEnv;
  /** What each round found, by terms and subject. */
  readonly rounds: Map<string, ResultRow>[];
}

const { revision, names, roundCount } = commandLine();
const temporary = mkdtempSync(path.join(tmpdir(), 'doorrank-compare-'));
const worktree = path.join(temporary, 'worktree');
let child: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    child?.kill();
    removeWorktree();
    process.exit(1);
  });
}
try {
  const here: Side = { checkout: CHECKOUT, env: process.env, rounds: [] };
  const there: Side = { checkout: worktree, env: { ...process.env, TMPDIR: makeWorktree() }, rounds: [] };
  for (const { checkout, env } of [here, there]) {
    execFileSync('npm', ['run', '-s', 'build:wasm'], { cwd: checkout, env, stdio: 'inherit' });
  }
  for (let round = 0; round < roundCount; round++) {
    for (const side of round % 2 === 0 ? [here, there] : [there, here]) {
      console.log(`round ${round + 1} of ${roundCount}: ${side === here ? 'this tree' : revision}`);
      await runBenches(side);
    }
  }
  console.log(`\n${comparison(here, there)}`);
} finally {
  removeWorktree();
}

function commandLine(): { revision: string; names: readonly string[]; roundCount: number } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { rounds: { type: 'string', default: ROUND_COUNT_DEFAULT } },
    });
    const [revision, ...names] = positionals;
    const roundCount = Number(values.rounds);
    if (revision === undefined) throw new Error('no revision given');
    if (!(Number.isInteger(roundCount) && roundCount >= 1)) {
      throw new Error(`--rounds must be a whole number from 1, got ${values.rounds}`);
    }
    execFileSync('git', ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`], { cwd: CHECKOUT });
    return { revision, names: names.length === 0 ? NAMES_DEFAULT : names, roundCount };
  } catch (error) {
    console.error(`${(error as Error).message}; npm run bench:compare -- <revision> [<names>] [--rounds 3]`);
    process.exit(2);
  }
}

/** Checks the revision out; returns the temporary directory that its benches are to use. */
function makeWorktree(): string {
  execFileSync('git', ['worktree', 'add', '--quiet', '--detach', worktree, revision], { cwd: CHECKOUT });
  symlinkSync(path.join(CHECKOUT, 'node_modules'), path.join(worktree, 'node_modules'));
  const own = path.join(temporary, 'tmp');
  mkdirSync(own);
  return own;
}

function removeWorktree(): void {
  rmSync(temporary, { recursive: true, force: true });
  execFileSync('git', ['worktree', 'prune'], { cwd: CHECKOUT });
}

async function runBenches({ checkout, env, rounds }: Side): Promise<void> {
  const script = path.join(checkout, 'bench', 'run.ts');
  child = spawn(process.execPath, [script, ...names], {
    cwd: checkout,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the benches ${names.join(', ')} of ${checkout} ended with code ${code}`);
  const found = new Map<string, ResultRow>();
  for (const name of names) {
    for (const row of readResult(name, checkout)?.rows ?? []) {
      found.set(JSON.stringify([name, row.terms, row.subject]), row);
    }
  }
  rounds.push(found);
}

/** Rows that both trees have, as text. */
function comparison(here: Side, there: Side): string {
  const keys = [...here.rounds[0]!.keys()].filter((key) => there.rounds[0]!.has(key));
  const timed = keys.filter((key) => here.rounds[0]!.get(key)!.timing !== undefined);
  const rows = timed.map((key) => here.rounds[0]!.get(key)!);
  const terms = namesOf(rows.map((row) => row.terms));
  const head = [
    ...terms,
    'subject',
    'min',
    `min of ${revision}`,
    'ratio',
    'ratio of medians',
    'ratios by round',
  ];
  const lines = timed.map((key, i) => {
    const [ours, theirs] = [here, there].map(({ rounds }) => rounds.map((found) => found.get(key)!.timing!));
    const [mine, other] = [best(ours!), best(theirs!)];
    const byRound = ours!.map(({ minMs }, round) => minMs / theirs![round]!.minMs);
    return [
      ...terms.map((term) => rows[i]!.terms[term] ?? ''),
      rows[i]!.subject,
      shownMs(mine.minMs),
      shownMs(other.minMs),
      `${threeDigits(mine.minMs / other.minMs)}×`,
      `${threeDigits(mine.medianMs / other.medianMs)}×`,
      `${threeDigits(Math.min(...byRound))} to ${threeDigits(Math.max(...byRound))}`,
    ];
  });
  const count = new Set([...here.rounds[0]!.keys(), ...there.rounds[0]!.keys()]).size - keys.length;
  const alone = count === 0 ? '' : `\n\n${count} rows are in one of the trees alone and not shown`;
  return `${plainTable(head, lines)}${alone}`;
}

/** The least of the minima, the median of the medians. */
function best(timings: readonly Timing[]): { minMs: number; medianMs: number } {
  return {
    minMs: Math.min(...timings.map(({ minMs }) => minMs)),
    medianMs: timingOf(timings.map(({ medianMs }) => medianMs)).medianMs,
  };
}
