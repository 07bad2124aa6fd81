/**
 * Lays out what a training works on in one shared memory, and reads the embeddings back.
 * Mirrors `assembly/train/memory.ts`, which draws the map; change both together.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { RequestError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { NegativeLists } from './negative-lists.ts';
import { NO_TARGET, type Sessions, SESSION_TOKENS_MAX } from './sessions.ts';
import type { TrainingSettings } from './training-options.ts';
import { keepThresholds, NO_ROW, type Vocabulary } from './vocabulary.ts';

const PAGE_BYTES = 65_536;
const MEMORY_BYTES_MAX = 65_535 * PAGE_BYTES;
/** Threads do not write to the cache lines of each other's lanes and rows more than they must. */
const ALIGNMENT = 64;

/** The words of a `Model`, in their order. */
const MODEL_FIELDS = [
  'inputs',
  'outputs',
  'rowCount',
  'rowBytes',
  'tokens',
  'sessionStarts',
  'orders',
  'keepThresholds',
  'neighbourhoods',
  'drawStarts',
  'draws',
  'window',
  'negativeCount',
  'nearbyNegativeCount',
] as const;
type ModelFields = Readonly<Record<(typeof MODEL_FIELDS)[number], number>>;

/** `lossSum` and `pairCount` in float64, then `kept` and `outputs` in words. */
const LANE_BYTES = 24;
/** `GROUP` of `assembly/train/step.ts`. */
const OUTPUTS_PER_STEP = 6;

/** What the sessions, the vocabulary and the settings make of it. */
export interface TrainingInput {
  readonly sessions: Sessions;
  readonly vocabulary: Vocabulary;
  readonly lists: NegativeLists;
  readonly settings: TrainingSettings;
}

export interface TrainMemory {
  readonly memory: WebAssembly.Memory;
  readonly modelAt: number;
  /** One for each thread. */
  readonly laneAts: readonly number[];
  /** [V][D], as trained so far; not copied. */
  readonly embeddings: Float32Array<SharedArrayBuffer>;
}

/**
 * A memory with everything in place and rows as word2vec begins with them: inputs uniform in ±0.5 / D, outputs 0.
 * Throws a `RequestError` if it would not fit the 4 GiB that a kernel can address.
 */
export function layOut({ sessions, vocabulary, lists, settings }: TrainingInput): TrainMemory {
  const { dimensions, negatives, threads } = settings;
  const { rowCount, rows } = vocabulary;
  const plan = new Plan();
  const modelAt = plan.take(MODEL_FIELDS.length * 4);
  const outputCount = alignUp(negatives + 1, OUTPUTS_PER_STEP);
  const lanes = Array.from({ length: threads }, () => ({
    at: plan.take(LANE_BYTES),
    kept: plan.take(SESSION_TOKENS_MAX * 4),
    outputs: plan.take(outputCount * 4),
  }));
  const rowOf = (target: number): number => (target === NO_TARGET ? NO_ROW : rows[target]!);
  const tokens = plan.place(sessions.targets.map(rowOf));
  const sessionStarts = plan.place(sessions.starts);
  const orders = plan.place(sessions.orders.map(rowOf));
  const thresholds = plan.place(keepThresholds(vocabulary, settings.subsampling));
  const neighbourhoods = plan.place(lists.neighbourhoods);
  const drawStarts = plan.place(lists.starts);
  const draws = plan.place(lists.draws);
  const tableBytes = (rowCount + 1) * dimensions * 4;
  const inputs = plan.take(tableBytes);
  const outputs = plan.take(tableBytes);

  const { memory, words } = plan.make(rowCount, dimensions);
  const model: ModelFields = {
    inputs,
    outputs,
    rowCount,
    rowBytes: dimensions * 4,
    tokens,
    sessionStarts,
    orders,
    keepThresholds: thresholds,
    neighbourhoods,
    drawStarts,
    draws,
    window: settings.windowSize,
    negativeCount: negatives,
    nearbyNegativeCount: settings.nearbyNegatives,
  };
  MODEL_FIELDS.forEach((field, word) => (words[modelAt / 4 + word] = model[field]));
  for (const { at, kept, outputs } of lanes) words.set([kept, outputs], at / 4 + 4);
  const embeddings = new Float32Array(memory.buffer, inputs, rowCount * dimensions);
  const initial = initialValues(settings);
  for (let i = 0; i < embeddings.length; i++) embeddings[i] = initial();
  return { memory, modelAt, laneAts: lanes.map(({ at }) => at), embeddings };
}

/** Draws the values of all embeddings as they are before training, one after the other. */
function initialValues({ seed, dimensions }: InitialSettings): () => number {
  const random = new Random(seed);
  return () => Math.fround((random.unit() - 0.5) / dimensions);
}

type InitialSettings = Pick<TrainingSettings, 'seed' | 'dimensions'>;

/**
 * By row 1 if training has moved it, else 0: all that a row had in its sessions may have been left out by subsampling, and then it
 * points where it was drawn to.
 */
export function movedRows(embeddings: Float32Array, settings: InitialSettings): Uint8Array {
  const moved = new Uint8Array(embeddings.length / settings.dimensions);
  const initial = initialValues(settings);
  for (let i = 0; i < embeddings.length; i++)
    if (embeddings[i] !== initial()) moved[Math.floor(i / settings.dimensions)] = 1;
  return moved;
}

/** The sums of a lane: loss, then pairs. */
export function laneSums(memory: WebAssembly.Memory, laneAt: number): Float64Array<SharedArrayBuffer> {
  return new Float64Array(memory.buffer, laneAt, 2);
}

/** What goes where, before there is a memory. */
class Plan {
  #end = PAGE_BYTES; // address 0 stays unused
  readonly #placed: { readonly at: number; readonly words: Uint32Array }[] = [];

  take(bytes: number): number {
    const at = this.#end;
    this.#end = alignUp(at + bytes, ALIGNMENT);
    return at;
  }

  place(words: Uint32Array): number {
    const at = this.take(words.byteLength);
    this.#placed.push({ at, words });
    return at;
  }

  make(rowCount: number, dimensions: number): { memory: WebAssembly.Memory; words: Uint32Array } {
    if (this.#end > MEMORY_BYTES_MAX) {
      throw new RequestError(
        'dimensions',
        `must be less than ${dimensions} for ${rowCount} shops and keywords: training needs ${this.#end} bytes, ` +
          `a kernel addresses ${MEMORY_BYTES_MAX}; or raise countMin`,
      );
    }
    const pages = Math.ceil(this.#end / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const words = new Uint32Array(memory.buffer);
    for (const { at, words: placed } of this.#placed) words.set(placed, at / 4);
    return { memory, words };
  }
}
