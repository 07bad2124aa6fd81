/**
 * A row in bytes, the twin of `assembly/quantize.ts`, which draws it: r = s·a + e with a scale s, whole numbers a in
 * −127..127 and a small rest e. The kernel rules out candidates by it; no similarity is computed from it.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { laneTotal, norm } from './similarity.ts';

const LEVELS = 127;
const RECORD_BYTES = 16;
/** Above every rounding of the rest: its own in float32 is 2^-24. */
const REST_ROUNDED_UP = 1.000001;

/** Bytes of a row of `rowFloats` float32, whole numbers and record. */
export function quantizedBytesOf(rowFloats: number): number {
  return alignUp(rowFloats, 16) + RECORD_BYTES;
}

/** Writes `row`, a multiple of 4 long, to `out`, `quantizedBytesOf(row.length)` long. */
export function quantize(row: Float32Array, out: DataView): void {
  const elementBytes = out.byteLength - RECORD_BYTES;
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  const scale = Math.fround(largest / LEVELS);
  const inverse = scale > 0 ? 1 / scale : 0;
  const rest = new Float64Array(4);
  let sum = 0;
  for (let i = 0; i < elementBytes; i++) {
    const value = row[i] ?? 0;
    const whole = Math.min(Math.max(Math.floor(value * inverse + 0.5), -LEVELS), LEVELS);
    const left = value - whole * scale;
    rest[i % 4]! += left * left;
    sum += whole;
    out.setInt8(i, whole);
  }
  out.setFloat32(elementBytes, scale, true);
  out.setFloat32(elementBytes + 4, Math.sqrt(laneTotal(rest)) * REST_ROUNDED_UP, true);
  out.setFloat32(elementBytes + 8, norm(row), true);
  out.setInt32(elementBytes + 12, sum, true);
}
