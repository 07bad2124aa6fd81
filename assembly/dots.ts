/**
 * Dot products in register blocks: Q query vectors by R rows at a time. They only rule candidates out; `rank.ts` bounds
 * their error and scores what is left by the definition.
 *
 * The live set (Q·R accumulators, Q + R operands) fits the 15 vector registers V8 allocates; larger blocks spill
 * and lose half (bench/kernel). 8 × 4 holds one query per lane and splats row elements, which needs no sum across
 * lanes; the others hold several elements per lane and add the lanes at the end. One query takes eight rows: with fewer
 * sums, each would wait for its last addition.
 *
 * Blocks are written once for three kinds of elements, told by the type of a query's elements:
 *
 *   f32  float32 rows and queries, 4 elements a step
 *   i16  rows in bytes and queries of 14 bits, 8 elements a step
 *   i8   rows in bytes and queries of 7 bits, 0..127, 16 elements a step by the relaxed dot product: one instruction
 *        where the processor has it (VNNI, dot product extensions), two otherwise; a sum of two products never
 *        saturates, so every processor gives the same. As i16 in the build without it.
 *
 * Sums of whole numbers are exact: D products of a byte and a level stay below 2^31 (`byte-queries.ts`).
 *
 * Panel: [elements / step][Q][step]. Every kernel reads `rowCount` rows through their ordinals, whole blocks of them, and
 * writes f32 or i32 [Q][stride].
 */

/** Bytes of a row that one step takes. */
@inline
function rowStep<T>(): u32 {
  return sizeof<T>() == 2 ? 8 : 16;
}

@inline
function loadRow<T>(at: usize): v128 {
  return sizeof<T>() == 2 ? v128.load_ext<i8>(at) : v128.load(at);
}

@inline
function addProduct<T>(sum: v128, row: v128, query: v128): v128 {
  if (isFloat<T>()) return addFloatProduct(sum, row, query);
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (sizeof<T>() == 1) return i32x4.relaxed_dot_i8x16_i7x16_add_s(row, query, sum);
  }
  return i32x4.add(sum, i32x4.dot_i16x8_s(row, query));
}

@inline
function addFloatProduct(sum: v128, x: v128, y: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(x, y, sum) : f32x4.add(sum, f32x4.mul(x, y));
}

@inline
function addSums<T>(a: v128, b: v128): v128 {
  return isFloat<T>() ? f32x4.add(a, b) : i32x4.add(a, b);
}

/** The sums of the lanes of four vectors, as one vector. */
@inline
function sumLanes<T>(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = addSums<T>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = addSums<T>(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return addSums<T>(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

@inline
function rowAt(rows: usize, ordinals: usize, at: u32, rowBytes: u32): usize {
  return rows + load<u32>(ordinals + (at << 2)) * rowBytes;
}

export function dots4x2<T>(
  panel: usize,
  elements: u32,
  rows: usize,
  rowBytes: u32,
  ordinals: usize,
  rowCount: u32,
  out: usize,
  stride: u32,
): void {
  const panelEnd = panel + elements * 4 * sizeof<T>();
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 8, out += 8) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let b0 = a0;
    let b1 = a0;
    let c0 = a0;
    let c1 = a0;
    let d0 = a0;
    let d1 = a0;
    let p = panel;
    do {
      const x0 = loadRow<T>(r0);
      const x1 = loadRow<T>(r1);
      const qa = v128.load(p);
      a0 = addProduct<T>(a0, x0, qa);
      a1 = addProduct<T>(a1, x1, qa);
      const qb = v128.load(p, 16);
      b0 = addProduct<T>(b0, x0, qb);
      b1 = addProduct<T>(b1, x1, qb);
      const qc = v128.load(p, 32);
      c0 = addProduct<T>(c0, x0, qc);
      c1 = addProduct<T>(c1, x1, qc);
      const qd = v128.load(p, 48);
      d0 = addProduct<T>(d0, x0, qd);
      d1 = addProduct<T>(d1, x1, qd);
      r0 += rowStep<T>();
      r1 += rowStep<T>();
      p += 64;
    } while (p < panelEnd);
    const ab = sumLanes<T>(a0, a1, b0, b1);
    const cd = sumLanes<T>(c0, c1, d0, d1);
    v128.store64_lane(out, ab, 0);
    v128.store64_lane(out + stride, ab, 1);
    v128.store64_lane(out + 2 * stride, cd, 0);
    v128.store64_lane(out + 3 * stride, cd, 1);
  }
}

export function dots2x4<T>(
  panel: usize,
  elements: u32,
  rows: usize,
  rowBytes: u32,
  ordinals: usize,
  rowCount: u32,
  out: usize,
  stride: u32,
): void {
  const panelEnd = panel + elements * 2 * sizeof<T>();
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 16, out += 16) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let a0 = i32x4.splat(0);
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
      const x0 = loadRow<T>(r0);
      a0 = addProduct<T>(a0, x0, qa);
      b0 = addProduct<T>(b0, x0, qb);
      const x1 = loadRow<T>(r1);
      a1 = addProduct<T>(a1, x1, qa);
      b1 = addProduct<T>(b1, x1, qb);
      const x2 = loadRow<T>(r2);
      a2 = addProduct<T>(a2, x2, qa);
      b2 = addProduct<T>(b2, x2, qb);
      const x3 = loadRow<T>(r3);
      a3 = addProduct<T>(a3, x3, qa);
      b3 = addProduct<T>(b3, x3, qb);
      r0 += rowStep<T>();
      r1 += rowStep<T>();
      r2 += rowStep<T>();
      r3 += rowStep<T>();
      p += 32;
    } while (p < panelEnd);
    v128.store(out, sumLanes<T>(a0, a1, a2, a3));
    v128.store(out + stride, sumLanes<T>(b0, b1, b2, b3));
  }
}

export function dots1x8<T>(
  panel: usize,
  elements: u32,
  rows: usize,
  rowBytes: u32,
  ordinals: usize,
  rowCount: u32,
  out: usize,
): void {
  const panelEnd = panel + elements * sizeof<T>();
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 32, out += 32) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let r4 = rowAt(rows, ordinals, 4, rowBytes);
    let r5 = rowAt(rows, ordinals, 5, rowBytes);
    let r6 = rowAt(rows, ordinals, 6, rowBytes);
    let r7 = rowAt(rows, ordinals, 7, rowBytes);
    let a0 = i32x4.splat(0);
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
      a0 = addProduct<T>(a0, loadRow<T>(r0), q);
      a1 = addProduct<T>(a1, loadRow<T>(r1), q);
      a2 = addProduct<T>(a2, loadRow<T>(r2), q);
      a3 = addProduct<T>(a3, loadRow<T>(r3), q);
      a4 = addProduct<T>(a4, loadRow<T>(r4), q);
      a5 = addProduct<T>(a5, loadRow<T>(r5), q);
      a6 = addProduct<T>(a6, loadRow<T>(r6), q);
      a7 = addProduct<T>(a7, loadRow<T>(r7), q);
      r0 += rowStep<T>();
      r1 += rowStep<T>();
      r2 += rowStep<T>();
      r3 += rowStep<T>();
      r4 += rowStep<T>();
      r5 += rowStep<T>();
      r6 += rowStep<T>();
      r7 += rowStep<T>();
      p += 16;
    } while (p < panelEnd);
    v128.store(out, sumLanes<T>(a0, a1, a2, a3));
    v128.store(out, sumLanes<T>(a4, a5, a6, a7), 16);
  }
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

/** Float32 alone. Panel: f32[rowFloats][8]. */
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
      a0 = addFloatProduct(a0, qa, x0);
      b0 = addFloatProduct(b0, qb, x0);
      const x1 = v128.load32_splat(r1);
      a1 = addFloatProduct(a1, qa, x1);
      b1 = addFloatProduct(b1, qb, x1);
      const x2 = v128.load32_splat(r2);
      a2 = addFloatProduct(a2, qa, x2);
      b2 = addFloatProduct(b2, qb, x2);
      const x3 = v128.load32_splat(r3);
      a3 = addFloatProduct(a3, qa, x3);
      b3 = addFloatProduct(b3, qb, x3);
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

/**
 * As `dots1x8` of float32, a row after the other: for one query and long rows that are neighbours, so that memory is read in one
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
      a = addFloatProduct(a, v128.load(p), v128.load(row));
      b = addFloatProduct(b, v128.load(p, 16), v128.load(row, 16));
      c = addFloatProduct(c, v128.load(p, 32), v128.load(row, 32));
      d = addFloatProduct(d, v128.load(p, 48), v128.load(row, 48));
      row += 64;
      p += 64;
    } while (p < panelEnd);
    const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
    const pairs = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    store<f32>(out, f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1));
  }
}
