/**
 * FNV-1a in 32 bits (Fowler, Noll & Vo, RFC 9923): tells texts and bytes apart, not a defence against anybody.
 */

/** The hash of nothing. */
export const FNV1A_START = 0x811c9dc5;
const PRIME = 0x01000193;

/** The hash of what `hash` is of and one more unit. */
export function fnv1aStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, PRIME) >>> 0;
}

/** The hash of bytes. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = FNV1A_START;
  // Counted: an iterator costs ten times as much.
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME);
  return hash >>> 0;
}

/** The hash of a text by its UTF-16 units, each of them in one step: half the time of turning it into bytes. */
export function fnv1aOfText(text: string): number {
  let hash = FNV1A_START;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash >>> 0;
}
