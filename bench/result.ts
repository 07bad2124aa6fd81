/** What a bench finds: rows of timings, each under its terms; printed as one table, written as JSON. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { plainTable } from '../src/cli/plain-table.ts';
import type { Machine } from './machine.ts';
import type { Timing } from './timing.ts';

/** One subject under given terms. Rows with equal terms did the same work. */
export interface ResultRow {
  /** What the work was: sizes, radii, settings. */
  readonly terms: Readonly<Record<string, string | number>>;
  /** Who did it. */
  readonly subject: string;
  /** Absent where something else than time was measured. */
  readonly timing?: Timing;
  /** Whatever else was measured, its unit in the name. */
  readonly facts?: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** Also the sizes that take minutes and gigabytes. */
  readonly large: boolean;
}

export interface Bench {
  readonly name: string;
  /** What is measured against what, in one line. */
  readonly title: string;
  readonly seed: number;
  run(options: BenchOptions): Promise<readonly ResultRow[]>;
}

/** What a result file holds. */
export interface Result extends Pick<Bench, 'name' | 'title' | 'seed'> {
  readonly machine: Machine;
  readonly rows: readonly ResultRow[];
}

const CHECKOUT = path.join(import.meta.dirname, '..');

/** Writes `bench/results/<name>.json`; returns its path. */
export function writeResult(
  { name, title, seed }: Bench,
  machine: Machine,
  rows: readonly ResultRow[],
): string {
  const result: Result = { name, title, seed, machine, rows };
  const file = resultFile(CHECKOUT, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}

/** What the bench `name` of a checkout found when it last ran, or null if it never did. */
export function readResult(name: string, checkout = CHECKOUT): Result | null {
  const file = resultFile(checkout, name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Result) : null;
}

function resultFile(checkout: string, name: string): string {
  return path.join(checkout, 'bench', 'results', `${name}.json`);
}

/** The rows as text. `ratio` is a subject's median against that of the first subject under the same terms. */
export function resultTable(rows: readonly ResultRow[]): string {
  const terms = namesOf(rows.map((row) => row.terms));
  const facts = namesOf(rows.map((row) => row.facts ?? {}));
  const head = [...terms, 'subject', 'min', 'median', 'p99', 'ratio', 'samples', ...facts];
  const lines = rows.map((row) => [
    ...terms.map((term) => row.terms[term] ?? ''),
    row.subject,
    ...shownTiming(row.timing, firstOf(rows, row).timing),
    ...facts.map((fact) => (row.facts?.[fact] === undefined ? '' : threeDigits(row.facts[fact]))),
  ]);
  return plainTable(head, lines);
}

/** The cells of min, median, p99, ratio and samples. */
function shownTiming(timing: Timing | undefined, first: Timing | undefined): (string | number)[] {
  if (timing === undefined) return ['', '', '', '', ''];
  const ratio = first === undefined ? '' : `${threeDigits(timing.medianMs / first.medianMs)}×`;
  return [shownMs(timing.minMs), shownMs(timing.medianMs), shownMs(timing.p99Ms), ratio, timing.sampleCount];
}

export function namesOf(records: readonly object[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}

function firstOf(rows: readonly ResultRow[], { terms }: ResultRow): ResultRow {
  const wanted = JSON.stringify(terms);
  return rows.find((row) => JSON.stringify(row.terms) === wanted)!;
}

export function shownMs(ms: number): string {
  if (ms < 0.001) return `${threeDigits(ms * 1e6)} ns`;
  if (ms < 1) return `${threeDigits(ms * 1e3)} µs`;
  return ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1e3)} s`;
}

export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
