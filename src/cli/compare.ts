/** `doorrank compare`: asks two versions of a store the same requests and shows how the answers differ. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { openEngine } from '../engine/engine.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { readNdjsonLines } from './json-file.ts';
import { readNumber, readPath, storeOption } from './option-values.ts';
import { plainTable } from './plain-table.ts';
import { pointerBeside } from './pointer-beside.ts';
import { sampleRequests } from './sample-requests.ts';
import { compareVersions, type Comparison, type NumberedRequest } from './version-comparison.ts';

const SAMPLE_COUNT_DEFAULT = 200;
const SAMPLE_COUNT_MAX = 100_000;
const SEED_DEFAULT = 1;
/** Refused requests that the table shows. */
const REFUSED_SHOWN_MAX = 10;

interface CompareOptions {
  readonly store: string;
  readonly requests?: string;
  readonly data?: string;
  readonly count: number;
  readonly seed: number;
  readonly json?: true;
}

export function compareCommand(program: Command): void {
  program
    .command('compare')
    .description('ask two versions the same requests and show how their answers differ')
    .argument('<version>', 'version in the store')
    .argument('<other>', 'another one; neither needs to be active')
    .addOption(storeOption().makeOptionMandatory())
    .addOption(
      new Option(
        '--requests <file>',
        'requests as .ndjson, each as POST /v1/recommendations takes it; their version counts for nothing',
      )
        .argParser(readPath)
        .conflicts(['count', 'seed']),
    )
    .option(
      '--data <directory>',
      'directory of the recorded actions, for requests with a userId; no server may have it open',
      readPath,
    )
    .addOption(
      new Option('--count <number>', 'without --requests: made-up ones, from shops and keywords of <version>')
        .argParser(readCount)
        .default(SAMPLE_COUNT_DEFAULT),
    )
    .addOption(
      new Option('--seed <number>', 'without --requests: other made-up ones')
        .argParser(readNumber)
        .default(SEED_DEFAULT),
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Both answer for the same moment, on one thread, in turns. A request that one of them refuses is
reported with its line and not compared.

Example:
  doorrank compare --store ./store 2026-11-22 2026-11-23 --requests ./requests.ndjson`,
    )
    .action(runCompare);
}

function readCount(text: string): number {
  const count = readNumber(text);
  if (Number.isInteger(count) && count >= 1 && count <= SAMPLE_COUNT_MAX) return count;
  throw new InvalidArgumentError(`Expected a whole number 1..${SAMPLE_COUNT_MAX}.`);
}

async function runCompare(version: string, other: string, options: CompareOptions): Promise<void> {
  const store = SnapshotStore.open(options.store);
  const versions = [version, other] as const;
  const paths = versions.map((each) => store.pathOf(each));
  const directory = mkdtempSync(join(tmpdir(), 'doorrank-'));
  try {
    const pointer = pointerBeside(paths[0]!, version, join(directory, 'store'));
    const data = options.data ?? join(directory, 'data');
    const nowMs = Date.now();
    const engine = await openEngine(
      { store: pointer, data, threads: 0, storePollMs: 0 },
      { nowMs: () => nowMs },
    );
    try {
      await engine.activate(other); // and `version` stays loaded as the one before
      const comparison = await compareVersions(engine, versions, requestsOf(paths[0]!, version, options));
      console.log(options.json ? JSON.stringify(comparison, null, 2) : comparisonText(comparison, options));
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function requestsOf(
  path: string,
  version: string,
  { requests, count, seed }: CompareOptions,
): NumberedRequest[] {
  if (requests !== undefined) return readNdjsonLines(requests);
  return sampleRequests(path, version, count, seed).map((value, i) => ({ line: i + 1, value }));
}

function comparisonText(comparison: Comparison, { requests, seed }: CompareOptions): string {
  const { requestCount, comparedCount, versions, overlap, rankBiasedOverlap, rankShifts } = comparison;
  const [first, second] = versions.map(({ version }) => version);
  const source = requests ?? `made up from ${first}, seed ${seed}`;
  const { shopCount, unmovedCount } = rankShifts;
  return [
    `${comparedCount} of ${requestCount} requests compared (${source})`,
    plainTable(
      ['version', 'median ms', 'p99 ms', 'refused', 'shops only here', 'basis'],
      versions.map(({ version, latencyMs, basisCounts, refusedCount, shopsOnlyHereCount }) => [
        version,
        latencyMs.median.toFixed(3),
        latencyMs.p99.toFixed(3),
        refusedCount,
        shopsOnlyHereCount,
        Object.entries(basisCounts)
          .map(([basis, count]) => `${count} ${basis}`)
          .join(', '),
      ]),
    ),
    plainTable(
      ['k', 'requests', 'overlap@k', `only in ${first}`, `only in ${second}`],
      overlap.map((row) => [
        row.k,
        row.requestCount,
        row.overlap.toFixed(3),
        row.onlyIn[0].toFixed(2),
        row.onlyIn[1].toFixed(2),
      ]),
    ),
    `rank-biased overlap (p = 0.9): mean ${rankBiasedOverlap.mean.toFixed(3)}, median ${rankBiasedOverlap.median.toFixed(3)}, ` +
      `least ${rankBiasedOverlap.least.toFixed(3)}\n` +
      `rank shifts of ${shopCount} shops in both answers: ${unmovedCount} unmoved, ` +
      `median ${rankShifts.median}, p99 ${rankShifts.p99}, most ${rankShifts.max}\n` +
      `least alike: ${comparison.leastAlike.map((each) => `line ${each.line} (${each.rankBiasedOverlap.toFixed(3)})`).join(', ')}`,
    ...refusedText(comparison.refused),
  ].join('\n\n');
}

function refusedText(refused: Comparison['refused']): string[] {
  if (refused.length === 0) return [];
  const shown = refused.slice(0, REFUSED_SHOWN_MAX);
  const more = refused.length - shown.length;
  return [
    [
      'refused:',
      ...shown.map(({ line, version, message }) => `  line ${line}, ${version}: ${message}`),
      ...(more > 0 ? [`  and ${more} more; --json lists all`] : []),
    ].join('\n'),
  ];
}
