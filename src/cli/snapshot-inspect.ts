/** `doorrank snapshot inspect`: what the header of a snapshot says, and how this machine would serve it. */
import type { Command } from 'commander';
import type { Kernel, KernelBuild } from '../kernel/kernel.ts';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import type { SnapshotHeader } from '../snapshot/format.ts';
import { canMap } from '../snapshot/mapping.ts';
import { readHeader, readUserListCount } from '../snapshot/open-snapshot.ts';
import { addSnapshotFile, snapshotPath, type SnapshotFileOptions } from './snapshot-file.ts';
import { plainTable } from './plain-table.ts';

interface InspectOptions extends SnapshotFileOptions {
  readonly json?: true;
}

type SnapshotFacts = SnapshotHeader & { readonly userListCount: number };

/** How this machine would hold the file, and the kernel that would read it. */
interface MachineFacts {
  readonly mapping: 'mapped' | 'copied';
  readonly kernel: KernelBuild;
  readonly bytePass: Kernel['bytePass'];
}

export function snapshotInspectCommand(snapshot: Command): void {
  addSnapshotFile(
    snapshot.command('inspect').description('show the header, sections and model card of a snapshot'),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The contents are not checked; "snapshot verify" does that.

Example:
  doorrank snapshot inspect --store ./store --version 2026-11-22`,
    )
    .action(runInspect);
}

function runInspect(path: string | undefined, options: InspectOptions, command: Command): void {
  const file = snapshotPath(path, options, command);
  const header = readHeader(file);
  const { build, bytePass } = warmKernel(new LinearMemory());
  const machine: MachineFacts = { mapping: canMap() ? 'mapped' : 'copied', kernel: build, bytePass };
  const facts = { ...header, userListCount: readUserListCount(file, header) };
  console.log(options.json ? factsJson(file, facts, machine) : factsText(file, facts, machine));
}

function factsJson(path: string, header: SnapshotFacts, machine: MachineFacts): string {
  const sections = Object.values(header.sections).map((section) => ({
    ...section,
    sha256: hex(section.sha256),
  }));
  return JSON.stringify({ path, ...header, sections, ...machine }, null, 2);
}

function factsText(path: string, header: SnapshotFacts, machine: MachineFacts): string {
  const facts = [
    ['file', path],
    ['version', header.version],
    ['format', String(header.formatVersion)],
    ['size', `${header.fileBytes} bytes`],
    ['shops', String(header.shopCount)],
    ['keywords', String(header.keywordCount)],
    ['user lists', String(header.userListCount)],
    ['dimensions', String(header.dimensions)],
    ['metric', header.metric],
    [
      'bounds',
      header.bounds === null ? 'none' : `${header.bounds.join(', ')} (west, south, east, north, degrees)`,
    ],
    ['on this machine', `${machine.mapping}, ${machine.kernel} kernel, ${machine.bytePass} pass`],
  ];
  const sections = Object.values(header.sections).map(({ name, offset, sizeBytes, sha256 }) => [
    name,
    offset,
    sizeBytes,
    hex(sha256),
  ]);
  return [
    plainTable([], facts),
    plainTable(['section', 'offset', 'bytes', 'SHA-256'], sections),
    `model card\n${JSON.stringify(header.modelCard, null, 2)}`,
  ].join('\n\n');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
