/**
 * What a kernel needs to run alone: normally distributed rows, a lane and every build over one memory.
 * Candidates come in runs of 64 neighbouring rows with 64 others between them, as a location gives them; where the
 * rows are too few for that, all of them are neighbours.
 */
import { alignUp } from '../src/base/aligned-bytes.ts';
import { Random } from '../src/base/random.ts';
import { FIRST_PASS_CODE, type FirstPass, type Kernel, type Metric } from '../src/kernel/kernel.ts';
import { Lane, laneBytes, type RowTable } from '../src/kernel/lane.ts';
import { BLOCK_WORD, LinearMemory } from '../src/kernel/linear-memory.ts';
import { quantizedBytesOf } from '../src/kernel/quantize.ts';
import { ScalarKernel } from '../src/kernel/scalar-kernel.ts';
import { wasmKernel } from '../src/kernel/wasm-kernel.ts';

const RUN_ROWS = 64;
const WINNER_COUNT = 20;
const RANK_CONSTANT = 60;

export interface BoardBounds {
  readonly seed: number;
  readonly dimensionsMax: number;
  readonly queryCountMax: number;
  readonly depthMax: number;
  readonly shopCountMax: number;
  /** Elements of all rows together: with many dimensions there are fewer rows. */
  readonly floatCount: number;
}

/** What `rank` is to do. */
export interface RankTerms {
  readonly metric: Metric;
  readonly candidateCount: number;
  readonly queryCount: number;
  readonly depth: number;
}

export interface RankedEntry {
  readonly position: number;
  readonly similarity: number;
}

export class KernelBoard {
  /** Best first; the scalar twin is the last. */
  readonly kernels: readonly Kernel[];
  readonly #bounds: BoardBounds;
  readonly #memory = new LinearMemory();
  readonly #block: number;
  readonly #lane: Lane;
  #table: RowTable;
  #terms: RankTerms | undefined;

  constructor(bounds: BoardBounds) {
    const { dimensionsMax, shopCountMax, floatCount } = bounds;
    const rowFloats = alignUp(dimensionsMax, 4);
    const bytes = laneBytes({
      ...bounds,
      signalCountMax: 0,
      shopCount: shopCountMax,
      rowFloats,
      limitMax: WINNER_COUNT,
    });
    const norms = LinearMemory.snapshotBase(1, bytes);
    const rows = norms + alignUp(shopCountMax * 8, 64);
    const quantized = alignUp(rows + floatCount * 4, 64);
    this.#memory.reserve(quantized + floatCount + shopCountMax * 32); // a byte an element, a record and padding a row
    this.kernels = [
      wasmKernel('relaxed-simd', this.#memory),
      wasmKernel('simd', this.#memory),
      new ScalarKernel(this.#memory),
    ].filter((kernel) => kernel !== null);
    this.#bounds = bounds;
    this.#block = LinearMemory.laneStart(0, bytes);
    this.#lane = new Lane(this.#memory, this.kernels[0]!, 0, bytes);
    this.#table = { rows, norms, rowFloats: 0, quantized };
    fillNormal(this.#memory.views.f32.subarray(rows / 4, rows / 4 + floatCount), new Random(bounds.seed));
  }

  /** Reads the same floats as rows of `dimensions`; what pads a row is as random as the rest. */
  useDimensions(dimensions: number): void {
    const { rows, norms, quantized } = this.#table;
    const rowFloats = alignUp(dimensions, 4);
    this.#table = { rows, norms, rowFloats, quantized };
    const kernel = this.kernels[0]!;
    for (let ordinal = 0; ordinal < this.#shopCount; ordinal++) {
      const row = rows + ordinal * rowFloats * 4;
      this.#memory.views.f64[norms / 8 + ordinal] = kernel.norm(row, rowFloats);
      kernel.quantize(row, rowFloats, quantized! + ordinal * quantizedBytesOf(rowFloats));
    }
  }

  get rows(): Float32Array {
    const start = this.#table.rows / 4;
    return this.#memory.views.f32.subarray(start, start + this.#shopCount * this.#table.rowFloats);
  }

  /** Writes what the next `rank` is to do and does it once. Equal terms come with equal queries. */
  request(terms: RankTerms, similaritiesWanted: boolean): void {
    this.#terms = terms;
    const ordinals = candidateOrdinals(terms.candidateCount, this.#shopCount);
    this.#lane.begin(ordinals.length).set(ordinals);
    this.#lane.setCandidateCount(ordinals.length);
    this.#lane.setQueries(this.#table, terms.metric, terms.queryCount);
    const random = new Random(this.#bounds.seed + 1);
    for (let n = 0; n < terms.queryCount; n++) fillNormal(this.#lane.query(n), random);
    this.#lane.rank(terms.depth, similaritiesWanted);
  }

  /** Fuses what `request` ranked, each ranking as good as the next, so that `fuse` can do it again. */
  requestFusion(): void {
    const weights = new Array<number>(this.#terms!.queryCount).fill(1);
    this.#lane.fuse('rrf', weights, RANK_CONSTANT);
    this.#lane.select(WINNER_COUNT);
  }

  /** Ranks by the first pass that the rule chose for the last request, or by another one. */
  rank(kernel: Kernel, firstPass?: FirstPass): void {
    const word = this.#block / 4 + BLOCK_WORD.firstPass;
    const chosen = this.#memory.views.u32[word]!;
    if (firstPass !== undefined) this.#memory.views.u32[word] = FIRST_PASS_CODE[firstPass];
    kernel.rank(this.#block);
    this.#memory.views.u32[word] = chosen;
  }

  fuse(kernel: Kernel): void {
    kernel.fuse(this.#block);
    kernel.select(this.#block);
  }

  /** The ordinals and the queries of the last request. */
  get ordinals(): Uint32Array {
    return candidateOrdinals(this.#terms!.candidateCount, this.#shopCount);
  }

  get queries(): Float32Array {
    const { queryCount } = this.#terms!;
    const start = this.#lane.query(0).byteOffset / 4;
    return this.#memory.views.f32.subarray(start, start + queryCount * this.#table.rowFloats);
  }

  rankings(kernel: Kernel, firstPass?: FirstPass): RankedEntry[][] {
    this.rank(kernel, firstPass);
    return Array.from({ length: this.#terms!.queryCount }, (_, n) =>
      Array.from({ length: this.#lane.rankedCount(n) }, (_entry, at) => ({
        position: this.#lane.rankedPosition(n, at),
        similarity: this.#lane.rankedSimilarity(n, at),
      })),
    );
  }

  get #shopCount(): number {
    return Math.min(this.#bounds.shopCountMax, Math.floor(this.#bounds.floatCount / this.#table.rowFloats));
  }
}

function fillNormal(out: Float32Array, random: Random): void {
  for (let i = 0; i < out.length; i++) out[i] = random.normal();
}

function candidateOrdinals(candidateCount: number, shopCount: number): Uint32Array {
  const gap = 2 * candidateCount <= shopCount ? RUN_ROWS : 0;
  return Uint32Array.from({ length: candidateCount }, (_, i) => i + gap * Math.floor(i / RUN_ROWS));
}
