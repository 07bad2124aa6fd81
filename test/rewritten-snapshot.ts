/** A snapshot file with other contents of some sections and checksums that fit: damage that only looking finds. */
import { readFileSync } from 'node:fs';
import { SECTIONS, type SectionName } from '../src/snapshot/format.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { SnapshotWriter } from '../src/snapshot/snapshot-writer.ts';

/** Writes the snapshot at `from` to `to` with `changed` in place of what its sections hold; returns `to`. */
export function rewritten(
  from: string,
  to: string,
  changed: { readonly [name in SectionName]?: Uint8Array },
): string {
  const header = readHeader(from);
  const file = readFileSync(from);
  const contents = Object.fromEntries(
    SECTIONS.map((name) => {
      const { offset, sizeBytes } = header.sections[name]!;
      return [name, changed[name] ?? file.subarray(offset, offset + sizeBytes)];
    }),
  ) as Record<SectionName, Uint8Array>;
  const sizes = Object.fromEntries(SECTIONS.map((name) => [name, contents[name].length]));
  const writer = new SnapshotWriter(to, header, sizes as Record<SectionName, number>);
  for (const name of SECTIONS) writer.write(name, contents[name]);
  writer.finish(() => {});
  return to;
}
