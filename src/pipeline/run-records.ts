/**
 * The runs of a work directory: begun, kept alive, ended, looked up.
 *
 * A run that goes on holds a lease until `leaseUntilMs`, which it renews. Whoever begins another one after that moment breaks
 * it: its process has died, or was asleep for too long and is refused when it wakes. Of a process on the same machine that has died
 * nobody waits for the end of the lease.
 */
import type { Database } from 'better-sqlite3';
import { EngineError } from '../base/errors.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import { openRunDatabase, recordsError } from './run-database.ts';
import { isGone, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import type { Intent } from './run-pipeline.ts';

/** How long a run is believed to go on without a word: its longest step that says nothing takes seconds. */
export const LEASE_MS = 300_000;

/** A lease that ends later was taken on a clock that was ahead, and may hold for years. Clocks of machines may differ by one lease. */
const SKEW_LEASES_MAX = 2;

export type RunStatus = 'running' | 'done' | 'failed' | 'broken';

/** Moments are milliseconds since 1970. */
export interface RunRecord {
  readonly runNumber: number;
  readonly version: string;
  /** The moment of the schedule that it is for; null: by hand. */
  readonly scheduledMs: number | null;
  readonly startedMs: number;
  readonly endedMs: number | null;
  readonly leaseUntilMs: number;
  readonly status: RunStatus;
  readonly decision: 'activated' | 'kept' | null;
  /** Of the decision, or of the end without one. */
  readonly reason: string | null;
  /** The version that was active before. */
  readonly activeBefore: string | null;
  readonly codeVersion: string;
  readonly settings: { readonly [name: string]: unknown };
  readonly evaluation: EvaluationResult | null;
}

export interface NewRun extends Pick<RunRecord, 'version' | 'scheduledMs' | 'codeVersion' | 'settings'> {
  /** Directory of the store that its version is for. */
  readonly store: string;
}

/** What became of an attempt to begin: a run, or the one that is in its way. */
export type Beginning =
  | { readonly kind: 'begun'; readonly runNumber: number }
  /** It goes on. */
  | { readonly kind: 'busy'; readonly other: RunRecord }
  /** It was for the same moment of the schedule and has ended. */
  | { readonly kind: 'past'; readonly other: RunRecord };

type SqlValue = string | number | null;

type RunRow = Omit<RunRecord, 'settings' | 'evaluation'> & {
  readonly settings: string;
  readonly evaluation: string | null;
};

const COLUMNS = `run_number AS runNumber, version, scheduled_ms AS scheduledMs, started_ms AS startedMs, ended_ms AS endedMs,
  lease_until_ms AS leaseUntilMs, status, decision, reason, active_before AS activeBefore, code_version AS codeVersion,
  settings, evaluation`;

/** Every method throws `storage_busy`, `storage_full` and `storage_failed` where the file cannot be read or written. */
export class RunRecords {
  readonly #database: Database;

  /** Throws the same. */
  static open(path: string): RunRecords {
    return new RunRecords(openRunDatabase(path));
  }

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Begins a run that holds the lease, unless one goes on or has been made for the same moment of the schedule. */
  begin(run: NewRun, nowMs: number, leaseMs = LEASE_MS): Beginning {
    const begin = this.#database.transaction((): Beginning => {
      const running = this.#one("WHERE status = 'running'");
      if (running !== undefined && this.#isHeld(running, nowMs, leaseMs))
        return { kind: 'busy', other: running };
      if (running !== undefined) this.#break(running, leaseMs);
      const past = this.#one("WHERE scheduled_ms = ? AND status IN ('done', 'failed')", run.scheduledMs);
      if (past !== undefined) return { kind: 'past', other: past };
      return { kind: 'begun', runNumber: this.#insert(run, nowMs, leaseMs) };
    });
    return this.#worded(() => begin.immediate());
  }

  /** Holds the lease for longer. Throws `run_lost` if the run was broken meanwhile. */
  renew(runNumber: number, nowMs: number, leaseMs = LEASE_MS): void {
    const sql = "UPDATE runs SET lease_until_ms = ? WHERE run_number = ? AND status = 'running'";
    if (this.#change(sql, nowMs + leaseMs, runNumber) === 0) throw lost(runNumber);
  }

  /** Notes what a run is about to do to the store. Throws `run_lost` if it was broken meanwhile. */
  intend(runNumber: number, intent: Intent): void {
    const sql = "UPDATE runs SET intent = ? WHERE run_number = ? AND status = 'running'";
    if (this.#change(sql, JSON.stringify(intent), runNumber) === 0) throw lost(runNumber);
  }

  /** Notes the SHA-256 of all that a run makes its version of. */
  note(runNumber: number, inputs: string): void {
    this.#change('UPDATE runs SET inputs = ? WHERE run_number = ?', inputs, runNumber);
  }

  /** The last run that has made a version, if it was of these inputs. */
  lastMadeOf(inputs: string): RunRecord | undefined {
    return this.#one(
      "WHERE run_number = (SELECT max(run_number) FROM runs WHERE status = 'done' AND decision IS NOT NULL) AND inputs = ?",
      inputs,
    );
  }

  /** What the last run of `version` was about to do to the store when it ended without having done it; null if it was not so far. */
  unfinished(version: string): Intent | null {
    const sql = `
      SELECT intent FROM runs WHERE run_number = (SELECT max(run_number) FROM runs WHERE version = ? AND intent IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM runs WHERE version = ? AND status = 'done')`;
    const intent = this.#text(sql, version, version);
    return intent === null ? null : (JSON.parse(intent) as Intent);
  }

  /** Ends a run that has made a version, or has seen that there is no need to: then without a decision. Throws `run_lost` if it was broken meanwhile. */
  finish(
    runNumber: number,
    outcome: Pick<RunRecord, 'decision' | 'reason' | 'activeBefore' | 'evaluation'>,
    nowMs: number,
  ): void {
    const { decision, reason, activeBefore, evaluation } = outcome;
    const sql = `
      UPDATE runs SET status = 'done', ended_ms = ?, decision = ?, reason = ?, active_before = ?, evaluation = ?
      WHERE run_number = ? AND status = 'running'`;
    const values = [nowMs, decision, reason, activeBefore, JSON.stringify(evaluation), runNumber];
    if (this.#change(sql, ...values) === 0) throw lost(runNumber);
  }

  /** Ends a run without a version: `failed`, or `broken` where it was stopped from outside. One that has ended stays as it is. */
  end(runNumber: number, status: 'failed' | 'broken', reason: string, nowMs: number): void {
    const sql =
      "UPDATE runs SET status = ?, ended_ms = ?, reason = ? WHERE run_number = ? AND status = 'running'";
    this.#change(sql, status, nowMs, reason, runNumber);
  }

  /** The directory of the store that the last run was for; null if no run says. */
  store(): string | null {
    return this.#text('SELECT store FROM runs WHERE store IS NOT NULL ORDER BY run_number DESC LIMIT 1');
  }

  /** All runs, oldest first. */
  list(): RunRecord[] {
    return this.#some('ORDER BY run_number');
  }

  /** The last run of a version. */
  lastOf(version: string): RunRecord | undefined {
    return this.#one('WHERE version = ? ORDER BY run_number DESC LIMIT 1', version);
  }

  /** The last run of a version or, if there is none, a run by its number: `2026-11-22`, `7`. */
  find(name: string): RunRecord | undefined {
    const isNumber = /^\d{1,15}$/.test(name);
    return this.lastOf(name) ?? (isNumber ? this.#one('WHERE run_number = ?', Number(name)) : undefined);
  }

  close(): void {
    this.#database.close();
  }

  #one(where: string, ...values: SqlValue[]): RunRecord | undefined {
    return this.#some(where, ...values)[0];
  }

  #some(where: string, ...values: SqlValue[]): RunRecord[] {
    return this.#worded(() =>
      this.#database
        .prepare<SqlValue[], RunRow>(`SELECT ${COLUMNS} FROM runs ${where}`)
        .all(...values)
        .map(recordOf),
    );
  }

  /** The first column of the first row; null if there is none. */
  #text(sql: string, ...values: SqlValue[]): string | null {
    return this.#worded(
      () =>
        this.#database
          .prepare<SqlValue[], string | null>(sql)
          .pluck()
          .get(...values) ?? null,
    );
  }

  /** How many rows it changed. */
  #change(sql: string, ...values: SqlValue[]): number {
    return this.#worded(() => this.#database.prepare(sql).run(...values).changes);
  }

  #worded<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw recordsError(error, this.#database.name);
    }
  }

  /** Whether whoever makes a run may still be at it. */
  #isHeld({ runNumber, leaseUntilMs }: RunRecord, nowMs: number, leaseMs: number): boolean {
    if (leaseUntilMs <= nowMs || leaseUntilMs > nowMs + SKEW_LEASES_MAX * leaseMs) return false;
    const holder = this.#text('SELECT holder FROM runs WHERE run_number = ?', runNumber);
    const identity = holder === null ? null : (JSON.parse(holder) as ProcessIdentity | null);
    return identity === null || !isGone(identity);
  }

  #insert(
    { version, scheduledMs, codeVersion, settings, store }: NewRun,
    nowMs: number,
    leaseMs: number,
  ): number {
    const { lastInsertRowid } = this.#database
      .prepare(`
        INSERT INTO runs (version, scheduled_ms, started_ms, lease_until_ms, status, code_version, settings, store, holder)
        VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?)`)
      .run(
        version,
        scheduledMs,
        nowMs,
        nowMs + leaseMs,
        codeVersion,
        JSON.stringify(settings),
        store,
        JSON.stringify(ownIdentity()),
      );
    return Number(lastInsertRowid);
  }

  /** It was last heard of when it renewed its lease. */
  #break({ runNumber, startedMs, leaseUntilMs }: RunRecord, leaseMs: number): void {
    const heardMs = Math.max(startedMs, leaseUntilMs - leaseMs);
    this.end(runNumber, 'broken', 'its process ended without a word', heardMs);
  }
}

function recordOf({ settings, evaluation, ...others }: RunRow): RunRecord {
  return {
    ...others,
    settings: JSON.parse(settings) as RunRecord['settings'],
    evaluation: evaluation === null ? null : (JSON.parse(evaluation) as EvaluationResult),
  };
}

function lost(runNumber: number): EngineError {
  return new EngineError(
    'run_lost',
    `run ${runNumber} was believed dead, as it had said nothing for too long, and another one may go on; its outputs are kept, so running again goes on from them`,
  );
}
