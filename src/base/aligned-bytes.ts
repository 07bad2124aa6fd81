/** Sizes and offsets rounded up, for everything that is laid out in bytes. */

/** The smallest multiple of `alignment` that is not below `bytes`. */
export function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
