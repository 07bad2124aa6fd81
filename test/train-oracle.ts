/**
 * The twin of assembly/train in plain TypeScript, without SIMD: every sum and product rounded to float32 in the same order, so that
 * it leaves the same bits in the same memory.
 */
import { laneSums } from '../src/training/train-memory.ts';

const f = Math.fround;
const GROUP = 6;
const NO_ROW = 0xffff_ffff;
const MASK = (1n << 64n) - 1n;

/** As the exported function of assembly/train/index.ts. */
export function trainSessions(
  memory: WebAssembly.Memory,
  modelAt: number,
  laneAt: number,
  first: number,
  end: number,
  seed: number,
  chunk: number,
  rate: number,
): void {
  new Twin(memory, modelAt, laneAt, seed, chunk, f(rate)).train(first, end);
}

class Twin {
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #sums: Float64Array;
  readonly #model: Uint32Array;
  readonly #rate: number;
  readonly #dimensions: number;
  #state: bigint;
  /** Rows. */
  #outputs: number[] = [];

  constructor(
    memory: WebAssembly.Memory,
    modelAt: number,
    laneAt: number,
    seed: number,
    chunk: number,
    rate: number,
  ) {
    this.#words = new Uint32Array(memory.buffer);
    this.#floats = new Float32Array(memory.buffer);
    this.#sums = laneSums(memory, laneAt);
    this.#model = new Uint32Array(memory.buffer, modelAt, 14);
    this.#rate = rate;
    this.#dimensions = this.#model[3]! / 4;
    this.#state = (BigInt(seed) << 32n) | BigInt(chunk);
    this.#state = this.#random();
  }

  train(first: number, end: number): void {
    const window = this.#model[11]!;
    for (let session = first; session < end; session++) {
      const kept = this.#keepSome(session);
      if (kept.length < 2) continue;
      kept.forEach((token, i) => {
        const reach = 1 + below(window, this.#random());
        this.#trainOutput(token, kept.slice(Math.max(0, i - reach), i + reach + 1));
      });
      const order = this.#load(6, session);
      if (order === NO_ROW) continue;
      for (let low = 0; low < kept.length; low += 2 * window)
        this.#trainOutput(order, kept.slice(low, low + 2 * window));
    }
  }

  #keepSome(session: number): number[] {
    const kept: number[] = [];
    for (let i = this.#load(5, session); i < this.#load(5, session + 1); i++) {
      const token = this.#load(4, i);
      const threshold = this.#load(7, token);
      if (threshold === NO_ROW || Number(this.#random() & 0xffff_ffffn) < threshold) kept.push(token);
    }
    return kept;
  }

  #trainOutput(token: number, inputs: readonly number[]): void {
    let lossSum = 0;
    let pairCount = 0;
    this.#drawOutputs(token);
    for (const input of inputs) {
      if (input === token) continue;
      for (let at = 0; at < this.#outputs.length; at += GROUP)
        lossSum += this.#step(input, this.#outputs.slice(at, at + GROUP), at === 0);
      pairCount++;
    }
    this.#sums[0]! += lossSum;
    this.#sums[1]! += pairCount;
  }

  #drawOutputs(token: number): void {
    this.#outputs = [token];
    for (let n = 0; n < this.#model[12]!; n++) {
      const negative = this.#draw(n < this.#model[13]! ? this.#load(8, token) : 0);
      if (negative !== token) this.#outputs.push(negative);
    }
  }

  #draw(list: number): number {
    const start = this.#load(9, list);
    const random = this.#random();
    const at = (start + below(this.#load(9, list + 1) - start, random)) * 3;
    const isItself = Number(random & 0xffff_ffffn) < this.#load(10, at);
    return this.#load(10, isItself ? at + 1 : at + 2);
  }

  #step(input: number, outputs: readonly number[], isTrue: boolean): number {
    const x = this.#row(0, input);
    const rows = outputs.map((output) => this.#row(1, output));
    const signs = outputs.map((_, i) => (isTrue && i === 0 ? 1 : -1));
    const ys = rows.map((row, i) => -signs[i]! * dot(x, row));
    const gains = ys.map((y, i) => f(f(signs[i]! * this.#rate) * sigmoid(y)));
    const losses = ys.map(softplus);
    // Four floats after the other: a row that is named twice takes both changes.
    for (let at = 0; at < this.#dimensions; at += 4) {
      const before = [0, 1, 2, 3].map((lane) => x[at + lane]!);
      const changes = [0, 0, 0, 0].map(() => [0, 0, 0, 0, 0, 0]);
      rows.forEach((row, i) => {
        for (let lane = 0; lane < 4; lane++) {
          const u = row[at + lane]!;
          changes[lane]![i] = f(gains[i]! * u);
          row[at + lane] = f(u + f(gains[i]! * before[lane]!));
        }
      });
      changes.forEach(([a, b, c, d, e, g], lane) => {
        const sum = f(f(f(a! + b!) + f(c! + d!)) + f(e! + g!));
        x[at + lane] = f(before[lane]! + sum);
      });
    }
    const loss = (i: number): number => losses[i] ?? 0;
    return f(f(f(loss(0) + loss(4)) + loss(2)) + f(f(loss(1) + loss(5)) + loss(3)));
  }

  #row(table: 0 | 1, row: number): Float32Array {
    const start = this.#model[table]! / 4 + row * this.#dimensions;
    return this.#floats.subarray(start, start + this.#dimensions);
  }

  #load(field: number, i: number): number {
    return this.#words[this.#model[field]! / 4 + i]!;
  }

  #random(): bigint {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.#state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  }
}

function below(bound: number, random: bigint): number {
  return Number(((random >> 32n) * BigInt(bound)) >> 32n);
}

function dot(a: Float32Array, b: Float32Array): number {
  const lanes = [0, 0, 0, 0];
  a.forEach((value, i) => (lanes[i % 4] = f(lanes[i % 4]! + f(value * b[i]!))));
  return f(f(lanes[0]! + lanes[2]!) + f(lanes[1]! + lanes[3]!));
}

/** exp(−|y|). */
function expOfMinus(absolute: number): number {
  const exponent = Math.max(f(absolute * f(-Math.LOG2E)), -126);
  const whole = nearestEven(exponent);
  const part = f(exponent - whole);
  const power = polynomial([0.009570101, 0.055917863, 0.24024744, 0.6931218, 0.9999993], part);
  return f(power * 2 ** whole);
}

export function sigmoid(y: number): number {
  const exp = expOfMinus(Math.abs(y));
  return f((y < 0 ? exp : 1) / f(1 + exp));
}

export function softplus(y: number): number {
  const coefficients = [0.031103998, -0.13321984, 0.28670657, -0.49074313, 0.9992996, 8.690753e-6];
  return f(Math.max(y, 0) + polynomial(coefficients, expOfMinus(Math.abs(y))));
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.map(f).reduce((sum, coefficient) => f(f(sum * x) + coefficient));
}

function nearestEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
