/**
 * Times subjects that do the same work, in turn, in this process: after one round of warm-up that does not count,
 * every round times each subject for a while, forwards and backwards by turns, so that what the machine
 * does meanwhile (other load, clock, heat) falls on all of them alike. tinybench does the timing of a round.
 */
import { Bench as Round, type FnOptions } from 'tinybench';

/** One contender. `run` does the work once. */
export interface Subject {
  readonly name: string;
  /** True if the work is done when the promise that `run` returns resolves. */
  readonly async?: boolean;
  readonly run: () => unknown;
  /** Clears up after each run; not timed. */
  readonly afterEach?: () => void | Promise<void>;
}

export interface Rounds {
  readonly count: number;
  /** Least time per subject and round, and for the warm-up before. */
  readonly roundMs: number;
}

const ROUNDS: Rounds = { count: 10, roundMs: 60 };

/** Over all samples of all rounds. With fewer than a hundred samples `p99Ms` is close to the slowest. */
export interface Timing {
  readonly minMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly sampleCount: number;
}

/** The timing of each subject, in their order. */
export async function timeInTurn(
  subjects: readonly Subject[],
  { count, roundMs }: Rounds = ROUNDS,
): Promise<readonly Timing[]> {
  const samples = new Map<Subject, readonly number[]>();
  await runRound(subjects, roundMs);
  for (let round = 0; round < count; round++) {
    const order = round % 2 === 0 ? subjects : subjects.toReversed();
    const found = await runRound(order, roundMs);
    order.forEach((subject, i) => samples.set(subject, (samples.get(subject) ?? []).concat(found[i]!)));
  }
  return subjects.map((subject) => timingOf(samples.get(subject)!));
}

/** Milliseconds of every run, by subject. */
async function runRound(subjects: readonly Subject[], roundMs: number): Promise<readonly number[][]> {
  const round = new Round({ time: roundMs, iterations: 1, warmup: false, retainSamples: true, throws: true });
  for (const { name, run, afterEach, async = false } of subjects) {
    // `async` is always said: tinybench would call the work once, untimed, to find out.
    const options: FnOptions = { async, ...(afterEach !== undefined && { afterEach }) };
    round.add(name, run, options);
  }
  const tasks = await round.run();
  return tasks.map(({ result }) => ('latency' in result ? [...result.latency.samples!] : []));
}

/** The timing of work that was done `samplesMs.length` times. */
export function timingOf(samplesMs: readonly number[]): Timing {
  const sorted = Float64Array.from(samplesMs).sort();
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!;
  return {
    minMs: sorted[0]!,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
    sampleCount: sorted.length,
  };
}
