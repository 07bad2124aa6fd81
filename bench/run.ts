/**
 * Runs benches: all of them, or those named. Each prints a table and writes `bench/results/<name>.json`.
 *
 *   npm run bench [-- <names> [--large]]
 */
import '../src/base/runtime.js';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { actionsBench } from './actions.ts';
import { candidatesBench } from './candidates.ts';
import { filterBench } from './filter.ts';
import { hoursBench } from './hours.ts';
import { kernelBench } from './kernel.ts';
import { keywordsBench } from './keywords.ts';
import { limitBench } from './limit.ts';
import { lineBench } from './line.ts';
import { loadBench } from './load.ts';
import { machineFacts, type Machine } from './machine.ts';
import { peersBench } from './peers/peers-bench.ts';
import { resultTable, writeResult, type Bench, type BenchOptions } from './result.ts';
import { recommendBench } from './recommend.ts';
import { scaleBench } from './scale.ts';
import { signalsBench } from './signals.ts';
import { snapshotBench } from './snapshot.ts';
import { trainBench } from './train.ts';
import { whereBench } from './where.ts';
import { zonesBench } from './zones.ts';

const BENCHES: readonly Bench[] = [
  lineBench,
  recommendBench,
  signalsBench,
  filterBench,
  kernelBench,
  limitBench,
  candidatesBench,
  hoursBench,
  keywordsBench,
  actionsBench,
  snapshotBench,
  scaleBench,
  whereBench,
  loadBench,
  zonesBench,
  trainBench,
  peersBench,
];

const { positionals, values } = commandLine();
const machine = machineFacts();
console.log(machineLine(machine));
for (const bench of BENCHES) {
  if (positionals.length === 0 || positionals.includes(bench.name)) await runOne(bench, values);
}

function commandLine() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { large: { type: 'boolean', default: false } },
    });
    const unknown = parsed.positionals.find((name) => !BENCHES.some((bench) => bench.name === name));
    if (unknown === undefined) return parsed;
    throw new Error(`no bench ${unknown}`);
  } catch (error) {
    const names = BENCHES.map(({ name }) => name).join(', ');
    console.error(`${(error as Error).message}; give any of ${names}, and --large`);
    process.exit(2);
  }
}

async function runOne(bench: Bench, options: BenchOptions): Promise<void> {
  console.log(`\n${bench.name}: ${bench.title} (seed ${bench.seed}; in turn, after one round of warm-up)\n`);
  const rows = await bench.run(options);
  if (rows.length === 0) return; // it has said why
  console.log(resultTable(rows));
  console.log(`\n→ ${path.relative(process.cwd(), writeResult(bench, machine, rows))}`);
}

function machineLine({ cpu, coreCount, memoryGb, platform, node, kernel, loadBefore }: Machine): string {
  return (
    `${cpu}, ${coreCount} cores, ${memoryGb} GB, ${platform}, Node ${node}, ` +
    `${kernel} kernel, load ${loadBefore}`
  );
}
