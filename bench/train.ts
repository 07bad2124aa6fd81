/**
 * Skip-gram with five negatives: pairs a second of one and two threads, beside gensim and fastText on the same sentences, where
 * they are installed (Debian: python3-gensim with libopenblas0-pthread, fasttext; PYTHON=/usr/bin/python3). Every subject trains the same pairs: window 5, reduced at random as word2vec
 * does, nothing subsampled, no orders; with what a session of a town has, and with sentences as long as those of texts.
 *
 * Threads are compared by the processor time they take: on a shared machine that is what a core of one's own would do.
 * Peers publish words a second; a word of a long text has 6 pairs on average at window 5 (2 · (1 + 2 + … + 5) / 5), one of a session less.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Random } from '../src/base/random.ts';
import { writeLines } from '../src/base/write-lines.ts';
import { negativeLists } from '../src/training/negative-lists.ts';
import { NO_TARGET, type Sessions } from '../src/training/sessions.ts';
import { talliesByEpoch, trainingPlan } from '../src/training/train-chunks.ts';
import { trainInThreads } from '../src/training/train-in-threads.ts';
import { layOut } from '../src/training/train-memory.ts';
import { TrainingOptionsSchema } from '../src/training/training-options.ts';
import { vocabularyOf } from '../src/training/vocabulary.ts';
import type { Bench, ResultRow } from './result.ts';

const SEED = 7;
const WINDOW = 5;
const NEGATIVES = 5;
/** Our threads start within the time that is measured, so they get more to do. */
const EPOCHS = 30;
const PEER_EPOCHS = 2;
const TARGET_COUNT = 20_000;
const ACTION_COUNT = 100_000;
const DIMENSIONS = [64, 128];
const THREADS = [1, 2];
const ROUND_COUNT = 3;
const PEERS = ['gensim', 'fastText'] as const;
const PYTHON = process.env['PYTHON'] ?? 'python3';
const PEER_SCRIPT = path.join(import.meta.dirname, 'peers', 'word2vec-peers.py');

interface Corpus {
  readonly name: string;
  readonly sessions: Sessions;
}

interface Terms {
  readonly dimensions: number;
  readonly threads: number;
}

/** How long some epochs took, and the words and pairs they had. */
interface Spent {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly wordCount: number;
  readonly pairCount: number;
}

interface Subject {
  readonly name: string;
  run(terms: Terms): Promise<Spent>;
}

export const trainBench: Bench = {
  name: 'train',
  title: `pairs a second of skip-gram, ${NEGATIVES} negatives, window ${WINDOW}; ${TARGET_COUNT} shops and keywords`,
  seed: SEED,
  async run() {
    const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    try {
      const rows: ResultRow[] = [];
      for (const corpus of [
        sessionsCorpus('sessions of 2 to 8', 2, 8),
        sessionsCorpus('texts of 40', 40, 40),
      ]) {
        const subjects = [doorrank(corpus), ...(await peers(corpus, path.join(directory, 'sentences')))];
        for (const dimensions of DIMENSIONS) {
          for (const threads of THREADS)
            rows.push(...(await measure(corpus, subjects, { dimensions, threads })));
        }
      }
      return rows;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** Targets as frequent as words are: the n-th 1 / (n + 10) as often as the first would be. */
function sessionsCorpus(name: string, lengthMin: number, lengthMax: number): Corpus {
  const random = new Random(SEED);
  const starts = [0];
  const targets: number[] = [];
  while (targets.length < ACTION_COUNT) {
    const length = lengthMin + random.below(lengthMax - lengthMin + 1);
    for (let i = 0; i < length; i++) {
      targets.push(Math.floor(10 * ((TARGET_COUNT / 10 + 1) ** random.unit() - 1)));
    }
    starts.push(targets.length);
  }
  const count = starts.length - 1;
  return {
    name,
    sessions: {
      count,
      targets: Uint32Array.from(targets),
      starts: Uint32Array.from(starts),
      orders: new Uint32Array(count).fill(NO_TARGET),
    },
  };
}

async function measure({ name }: Corpus, subjects: readonly Subject[], terms: Terms): Promise<ResultRow[]> {
  const spent = new Map<Subject, Spent[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < ROUND_COUNT; round++) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed())
      spent.get(subject)!.push(await subject.run(terms));
  }
  return subjects.map((subject) => {
    const { seconds, processorSeconds, wordCount, pairCount } = middle(spent.get(subject)!);
    return {
      terms: { corpus: name, D: terms.dimensions, threads: terms.threads },
      subject: subject.name,
      facts: {
        'M pairs/s per thread': pairCount / processorSeconds / 1e6,
        'k words/s per thread': wordCount / processorSeconds / 1e3,
        'M pairs/s by the clock': pairCount / seconds / 1e6,
        'pairs/word': pairCount / wordCount,
      },
    };
  });
}

/** The run of median processor time. */
function middle(runs: readonly Spent[]): Spent {
  const sorted = runs.toSorted((a, b) => a.processorSeconds - b.processorSeconds);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function doorrank({ sessions }: Corpus): Subject {
  const vocabulary = vocabularyOf(sessions, TARGET_COUNT);
  const noCells = Array.from(vocabulary.counts, () => undefined);
  const lists = negativeLists(vocabulary.counts, noCells);
  return {
    name: 'doorrank',
    async run(terms) {
      const options = { ...terms, windowSize: WINDOW, negatives: NEGATIVES, subsampling: 0, seed: SEED };
      const settings = { ...TrainingOptionsSchema.parse(options), epochs: EPOCHS };
      const plan = trainingPlan(layOut({ sessions, vocabulary, lists, settings }), sessions, settings);
      const startMs = performance.now();
      const before = process.cpuUsage();
      await trainInThreads(plan, () => {});
      const { user, system } = process.cpuUsage(before);
      const pairCount = talliesByEpoch(plan).reduce((sum, tally) => sum + tally.pairCount, 0);
      return {
        seconds: (performance.now() - startMs) / 1000,
        processorSeconds: (user + system) / 1e6,
        wordCount: EPOCHS * sessions.targets.length,
        pairCount,
      };
    },
  };
}

/** Those that are installed; a line says which are not. */
async function peers({ sessions }: Corpus, file: string): Promise<Subject[]> {
  writeLines(file, sentences(sessions));
  const found: Subject[] = [];
  for (const name of PEERS) {
    const run = async ({ dimensions, threads }: Terms): Promise<Spent> => {
      const values = [dimensions, WINDOW, threads, PEER_EPOCHS].map(String);
      const { stdout } = await promisify(execFile)(PYTHON, [PEER_SCRIPT, name, file, ...values]);
      const [seconds, processorSeconds] = stdout.trim().split(' ').map(Number);
      // fastText ends every line by a word of its own.
      const longer = name === 'fastText' ? 1 : 0;
      const wordCount = PEER_EPOCHS * (sessions.targets.length + longer * sessions.count);
      const pairCount = PEER_EPOCHS * expectedPairs(sessions, longer);
      return { seconds: seconds!, processorSeconds: processorSeconds!, wordCount, pairCount };
    };
    try {
      await run({ dimensions: 4, threads: 1 });
      found.push({ name, run });
    } catch (error) {
      console.log(`${name} is skipped: ${(error as Error).message.trim().split('\n').at(-1)}`);
    }
  }
  return found;
}

function* sentences({ count, targets, starts }: Sessions): Generator<string> {
  for (let session = 0; session < count; session++)
    yield Array.from(targets.subarray(starts[session], starts[session + 1]), (target) => `t${target}`).join(
      ' ',
    );
}

/** Pairs of one epoch on average over the random windows, with sessions that are `longer` by so many words. */
function expectedPairs({ count, starts }: Sessions, longer: number): number {
  let pairs = 0;
  for (let session = 0; session < count; session++) {
    const length = starts[session + 1]! - starts[session]! + longer;
    // The tokens i and i + apart are a pair of each of them if its window reaches so far.
    for (let apart = 1; apart <= Math.min(WINDOW, length - 1); apart++)
      pairs += (2 * (length - apart) * (WINDOW - apart + 1)) / WINDOW;
  }
  return pairs;
}
