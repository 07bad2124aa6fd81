/**
 * Dot products of whole numbers, in register blocks: Q query vectors by R rows at a time, as `dots.ts`. They are exact:
 * no sum of D products of −127..127 and the query's levels leaves 32 bits (`byte-queries.ts` chooses the levels so).
 *
 * Each shape is written once for two products. The plain one multiplies rows in bytes and queries in 16 bits, 8 elements
 * a step. The relaxed one takes queries of 7 bits, 0..127, 16 elements a step: one instruction where the processor has
 * it (VNNI, dot product extensions), two otherwise; a product of two never saturates, so every processor gives the same.
 *
 * Panel: [Q' / step][Q][step] elements, Q' being the row's bytes. Every kernel reads `rowCount` rows, a multiple of 4,
 * through their ordinals, and writes i32[Q][stride].
 */

@inline
function loadRow(relaxed: bool, at: u32): v128 {
  return relaxed ? v128.load(at) : v128.load_ext<i8>(at);
}

@inline
function addProduct(relaxed: bool, sum: v128, row: v128, query: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (relaxed) return i32x4.relaxed_dot_i8x16_i7x16_add_s(row, query, sum);
  }
  return i32x4.add(sum, i32x4.dot_i16x8_s(row, query));
}

/** The sums of the lanes of four vectors, as one vector. */
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

@inline
function rowAt(rows: u32, ordinals: u32, at: u32, stride: u32): u32 {
  return rows + load<u32>(ordinals + (at << 2)) * stride;
}

/** Dot products of `group` (4, 2 or 1) queries and the rows, whose elements are `elementBytes` of their `rowBytes`. */
@inline
export function byteDots(
  relaxed: bool,
  group: u32,
  panel: u32,
  rows: u32,
  rowBytes: u32,
  elementBytes: u32,
  ordinals: u32,
  rowCount: u32,
  out: u32,
  stride: u32,
): void {
  const panelEnd = panel + elementBytes * group * (relaxed ? 1 : 2);
  if (group == 4) {
    if (relaxed) relaxedDots4x2(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
    else plainDots4x2(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
  } else if (group == 2) {
    if (relaxed) relaxedDots2x4(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
    else plainDots2x4(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
  } else {
    if (relaxed) relaxedDots1x4(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out);
    else plainDots1x4(panel, panelEnd, rows, rowBytes, ordinals, rowCount, out);
  }
}

function plainDots4x2(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32, stride: u32): void {
  dots4x2(false, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
}
function relaxedDots4x2(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32, stride: u32): void {
  dots4x2(true, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
}
function plainDots2x4(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32, stride: u32): void {
  dots2x4(false, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
}
function relaxedDots2x4(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32, stride: u32): void {
  dots2x4(true, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out, stride);
}
function plainDots1x4(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32): void {
  dots1x4(false, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out);
}
function relaxedDots1x4(panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32): void {
  dots1x4(true, panel, panelEnd, rows, rowBytes, ordinals, rowCount, out);
}

@inline
function dots4x2(
  relaxed: bool,
  panel: u32,
  panelEnd: u32,
  rows: u32,
  rowBytes: u32,
  ordinals: u32,
  rowCount: u32,
  out: u32,
  stride: u32,
): void {
  const rowStep: u32 = relaxed ? 16 : 8;
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
      const x0 = loadRow(relaxed, r0);
      const x1 = loadRow(relaxed, r1);
      const qa = v128.load(p);
      a0 = addProduct(relaxed, a0, x0, qa);
      a1 = addProduct(relaxed, a1, x1, qa);
      const qb = v128.load(p, 16);
      b0 = addProduct(relaxed, b0, x0, qb);
      b1 = addProduct(relaxed, b1, x1, qb);
      const qc = v128.load(p, 32);
      c0 = addProduct(relaxed, c0, x0, qc);
      c1 = addProduct(relaxed, c1, x1, qc);
      const qd = v128.load(p, 48);
      d0 = addProduct(relaxed, d0, x0, qd);
      d1 = addProduct(relaxed, d1, x1, qd);
      r0 += rowStep;
      r1 += rowStep;
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

@inline
function dots2x4(
  relaxed: bool,
  panel: u32,
  panelEnd: u32,
  rows: u32,
  rowBytes: u32,
  ordinals: u32,
  rowCount: u32,
  out: u32,
  stride: u32,
): void {
  const rowStep: u32 = relaxed ? 16 : 8;
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
      const x0 = loadRow(relaxed, r0);
      a0 = addProduct(relaxed, a0, x0, qa);
      b0 = addProduct(relaxed, b0, x0, qb);
      const x1 = loadRow(relaxed, r1);
      a1 = addProduct(relaxed, a1, x1, qa);
      b1 = addProduct(relaxed, b1, x1, qb);
      const x2 = loadRow(relaxed, r2);
      a2 = addProduct(relaxed, a2, x2, qa);
      b2 = addProduct(relaxed, b2, x2, qb);
      const x3 = loadRow(relaxed, r3);
      a3 = addProduct(relaxed, a3, x3, qa);
      b3 = addProduct(relaxed, b3, x3, qb);
      r0 += rowStep;
      r1 += rowStep;
      r2 += rowStep;
      r3 += rowStep;
      p += 32;
    } while (p < panelEnd);
    v128.store(out, sumLanes(a0, a1, a2, a3));
    v128.store(out + stride, sumLanes(b0, b1, b2, b3));
  }
}

@inline
function dots1x4(relaxed: bool, panel: u32, panelEnd: u32, rows: u32, rowBytes: u32, ordinals: u32, rowCount: u32, out: u32): void {
  const rowStep: u32 = relaxed ? 16 : 8;
  for (const end = ordinals + (rowCount << 2); ordinals < end; ordinals += 16, out += 16) {
    let r0 = rowAt(rows, ordinals, 0, rowBytes);
    let r1 = rowAt(rows, ordinals, 1, rowBytes);
    let r2 = rowAt(rows, ordinals, 2, rowBytes);
    let r3 = rowAt(rows, ordinals, 3, rowBytes);
    let a0 = i32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let p = panel;
    do {
      const q = v128.load(p);
      a0 = addProduct(relaxed, a0, loadRow(relaxed, r0), q);
      a1 = addProduct(relaxed, a1, loadRow(relaxed, r1), q);
      a2 = addProduct(relaxed, a2, loadRow(relaxed, r2), q);
      a3 = addProduct(relaxed, a3, loadRow(relaxed, r3), q);
      r0 += rowStep;
      r1 += rowStep;
      r2 += rowStep;
      r3 += rowStep;
      p += 16;
    } while (p < panelEnd);
    v128.store(out, sumLanes(a0, a1, a2, a3));
  }
}
