/**
 * Dot products in float32, in register blocks: Q query vectors by R rows at a time. They only rule candidates out;
 * `rank.ts` bounds their error and scores what is left by the definition.
 *
 * The live set (Q·R accumulators, Q + R operands) fits the 15 vector registers V8 allocates; larger blocks spill
 * and lose half (bench/kernel). 8 × 4 holds one query per lane and splats row elements, which needs no sum across
 * lanes; the smaller blocks hold four elements per lane and add the lanes at the end.
 *
 * Every kernel reads `rowCount` rows through their ordinals, whole blocks of them, and writes f32[Q][stride].
 */

@inline
function addProduct(sum: v128, x: v128, y: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, sum) : f32x4.add(sum, f32x4.mul(x, y));
}

/** The sums of the lanes of four vectors, as one vector. */
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Four vectors with a query per lane become four vectors with a row per lane, `stride` bytes apart. */
@inline
function storeTransposed(a: v128, b: v128, c: v128, d: v128, out: usize, stride: u32): void {
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(out + stride, v128.shuffle<f32>(ab0, cd0, 2, 3, 6, 7));
  v128.store(out + 2 * stride, v128.shuffle<f32>(ab1, cd1, 0, 1, 4, 5));
  v128.store(out + 3 * stride, v128.shuffle<f32>(ab1, cd1, 2, 3, 6, 7));
}

@inline
function rowAt(rows: usize, ordinals: usize, at: u32, rowBytes: u32): usize {
  return rows + load<u32>(ordinals + (at << 2)) * rowBytes;
}

/** Panel: f32[rowFloats][8]. */
export function dots8x4(panel: usize, rows: usize, rowBytes: u32, ordinals: usize, rowCount: u32, out: usize, stride: u32): void {
  const panelEnd = panel + rowBytes * 8;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 16, out += 16) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let p = panel;
    do {
      const qa = v128.load(p);
      const qb = v128.load(p, 16);
      const x0 = v128.load32_splat(r0);
      a0 = addProduct(a0, qa, x0);
      b0 = addProduct(b0, qb, x0);
      const x1 = v128.load32_splat(r1);
      a1 = addProduct(a1, qa, x1);
      b1 = addProduct(b1, qb, x1);
      const x2 = v128.load32_splat(r2);
      a2 = addProduct(a2, qa, x2);
      b2 = addProduct(b2, qb, x2);
      const x3 = v128.load32_splat(r3);
      a3 = addProduct(a3, qa, x3);
      b3 = addProduct(b3, qb, x3);
      r0 += 4;
      r1 += 4;
      r2 += 4;
      r3 += 4;
      p += 32;
    } while (p < panelEnd);
    storeTransposed(a0, a1, a2, a3, out, stride);
    storeTransposed(b0, b1, b2, b3, out + 4 * stride, stride);
  }
}

/** Panel: f32[rowFloats / 4][4][4]. */
export function dots4x2(panel: usize, rows: usize, rowBytes: u32, ordinals: usize, rowCount: u32, out: usize, stride: u32): void {
  const panelEnd = panel + rowBytes * 4;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 8, out += 8) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let p = panel;
    do {
      const x0 = v128.load(r0);
      const x1 = v128.load(r1);
      const qa = v128.load(p);
      a0 = addProduct(a0, qa, x0);
      a1 = addProduct(a1, qa, x1);
      const qb = v128.load(p, 16);
      b0 = addProduct(b0, qb, x0);
      b1 = addProduct(b1, qb, x1);
      const qc = v128.load(p, 32);
      c0 = addProduct(c0, qc, x0);
      c1 = addProduct(c1, qc, x1);
      const qd = v128.load(p, 48);
      d0 = addProduct(d0, qd, x0);
      d1 = addProduct(d1, qd, x1);
      r0 += 16;
      r1 += 16;
      p += 64;
    } while (p < panelEnd);
    const ab = sumLanes(a0, a1, b0, b1);
    const cd = sumLanes(c0, c1, d0, d1);
    v128.store64_lane(out, ab, 0);
    v128.store64_lane(out + stride, ab, 1);
    v128.store64_lane(out + 2 * stride, cd, 0);
    v128.store64_lane(out + 3 * stride, cd, 1);
  }
}

/** Panel: f32[rowFloats / 4][2][4]. */
export function dots2x4(panel: usize, rows: usize, rowBytes: u32, ordinals: usize, rowCount: u32, out: usize, stride: u32): void {
  const panelEnd = panel + rowBytes * 2;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 16, out += 16) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let p = panel;
    do {
      const qa = v128.load(p);
      const qb = v128.load(p, 16);
      const x0 = v128.load(r0);
      a0 = addProduct(a0, qa, x0);
      b0 = addProduct(b0, qb, x0);
      const x1 = v128.load(r1);
      a1 = addProduct(a1, qa, x1);
      b1 = addProduct(b1, qb, x1);
      const x2 = v128.load(r2);
      a2 = addProduct(a2, qa, x2);
      b2 = addProduct(b2, qb, x2);
      const x3 = v128.load(r3);
      a3 = addProduct(a3, qa, x3);
      b3 = addProduct(b3, qb, x3);
      r0 += 16;
      r1 += 16;
      r2 += 16;
      r3 += 16;
      p += 32;
    } while (p < panelEnd);
    v128.store(out, sumLanes(a0, a1, a2, a3));
    v128.store(out + stride, sumLanes(b0, b1, b2, b3));
  }
}

/** Panel: the query itself. Reads whole eights of rows: with fewer sums, each would wait for its last addition. */
export function dots1x8(panel: usize, rows: usize, rowBytes: u32, ordinals: usize, rowCount: u32, out: usize): void {
  const panelEnd = panel + rowBytes;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 32, out += 32) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let r4 = rowAt(rows, ordinals, 4, rowBytes);
    let r5 = rowAt(rows, ordinals, 5, rowBytes);
    let r6 = rowAt(rows, ordinals, 6, rowBytes);
    let r7 = rowAt(rows, ordinals, 7, rowBytes);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let a4 = a0;
    let a5 = a0;
    let a6 = a0;
    let a7 = a0;
    let p = panel;
    do {
      const q = v128.load(p);
      a0 = addProduct(a0, q, v128.load(r0));
      a1 = addProduct(a1, q, v128.load(r1));
      a2 = addProduct(a2, q, v128.load(r2));
      a3 = addProduct(a3, q, v128.load(r3));
      a4 = addProduct(a4, q, v128.load(r4));
      a5 = addProduct(a5, q, v128.load(r5));
      a6 = addProduct(a6, q, v128.load(r6));
      a7 = addProduct(a7, q, v128.load(r7));
      r0 += 16;
      r1 += 16;
      r2 += 16;
      r3 += 16;
      r4 += 16;
      r5 += 16;
      r6 += 16;
      r7 += 16;
      p += 16;
    } while (p < panelEnd);
    v128.store(out, sumLanes(a0, a1, a2, a3));
    v128.store(out, sumLanes(a4, a5, a6, a7), 16);
  }
}

/**
 * As `dots1x8`, a row after the other: for one query and long rows that are neighbours, so that memory is read in one
 * stream, as the processor fetches ahead. `rowBytes` is a multiple of 64.
 */
export function dots1x1(panel: usize, rows: usize, rowBytes: u32, ordinals: usize, rowCount: u32, out: usize): void {
  const panelEnd = panel + rowBytes;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 4, out += 4) {
    let row = rowAt(rows, ordinals, 0, rowBytes);
    let a = f32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let p = panel;
    do {
      a = addProduct(a, v128.load(p), v128.load(row));
      b = addProduct(b, v128.load(p, 16), v128.load(row, 16));
      c = addProduct(c, v128.load(p, 32), v128.load(row, 32));
      d = addProduct(d, v128.load(p, 48), v128.load(row, 48));
      row += 64;
      p += 64;
    } while (p < panelEnd);
    const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    const pairs = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    store<f32>(out, f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}
