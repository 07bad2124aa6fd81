/** FNV-1a in 32 bits (Fowler, Noll & Vo, RFC 9923): tells texts and bytes apart, not a defence against anybody. */

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** The hash of bytes; with the hash of what stands in front of them as `hash`, that of all. */
export function fnv1a(bytes: Uint8Array, hash = OFFSET_BASIS): number {
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** The hash of the UTF-8 bytes of a text. */
export function fnv1aOfText(text: string): number {
  return fnv1a(Buffer.from(text));
}
