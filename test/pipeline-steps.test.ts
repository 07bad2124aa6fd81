/** What steps may know, and what they are keyed by: nothing behind a cut, and all that changes what they make. */
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cutByShare } from '../src/evaluation/time-cut.ts';
import { PipelineSteps } from '../src/pipeline/pipeline-steps.ts';
import { runPipeline } from '../src/pipeline/run-pipeline.ts';
import { StepStore } from '../src/pipeline/step-store.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { ActionLog } from '../src/training/action-log.ts';
import { Workspace } from './built-town.ts';
import { NotingWatch, pipelineTown, type PipelineTown } from './pipeline-town.ts';

const workspace = new Workspace();
const work = workspace.path('work');
let town: PipelineTown;
let runs = 0;

beforeAll(async () => {
  town = pipelineTown(workspace, { caseCountMax: 30 });
  await stepsUntil('snapshot-of-all', town, work);
});
afterAll(() => workspace.remove());

/** Runs the steps up to the one called `last`, without an active version; returns what became of them. */
async function stepsUntil(last: string, input: PipelineTown, directory: string): Promise<string[]> {
  const watch = new NotingWatch();
  const stopping = {
    progress() {},
    stepDone(name: string, isTakenOver: boolean) {
      watch.stepDone(name, isTakenOver);
      if (name === last) throw new Error('far enough');
    },
  };
  const store = SnapshotStore.open(workspace.path(`store-${++runs}`), { create: true });
  const ran = runPipeline('v', input, { store, outputs: new StepStore(directory) }, stopping);
  await expect(ran).rejects.toThrow('far enough');
  return watch.steps;
}

/** A file of the output of a step. */
function fileOf(directory: string, step: string, ...path: readonly string[]): Buffer {
  const [place, ...more] = readdirSync(directory).filter((name) => name.startsWith(`${step}-`));
  expect(more).toEqual([]);
  return readFileSync(join(directory, place!, ...path));
}

function snapshotOf(step: string, version: string) {
  const place = readdirSync(work).find((name) => name.startsWith(`${step}-`))!;
  return readHeader(SnapshotStore.open(join(work, place)).pathOf(version)).modelCard;
}

/** Rows where the parts of the town's actions begin. */
function cuts() {
  const { testStart } = cutByShare(town.log, town.settings.testShare);
  return {
    validation: Math.round(testStart - town.settings.validationShare * town.log.count),
    test: testStart,
  };
}

test('no step has learned from actions behind its cut, or counted them', () => {
  const { log } = town;
  const { validation, test } = cuts();
  expect(validation).toBeLessThan(test);
  const parts = [
    ['before-validation', 'before-validation', validation],
    ['before-test', 'before-test', test],
    ['of-all', 'v', log.count],
  ] as const;
  for (const [part, version, rowCount] of parts) {
    const card = JSON.parse(fileOf(work, `embeddings-${part}`, 'model-card.json').toString());
    expect(card.actionCount, part).toBe(rowCount);
    const atShops = (row: number): boolean => log.targets[row]! < log.shopIds.length;
    const rows = Array.from({ length: rowCount }, (_, row) => row).filter(atShops);
    expect(snapshotOf(`snapshot-${part}`, version)['countedActions'], part).toEqual({
      count: rows.length,
      from: new Date(log.atMs[rows[0]!]!).toISOString(),
      to: new Date(log.atMs[rows.at(-1)!]!).toISOString(),
    });
  }
});

/** Others did other things from `start` on. */
function otherFrom(start: number): ActionLog {
  const { log } = town;
  const turned = (values: Uint32Array): Uint32Array => {
    const changed = values.slice();
    changed.subarray(start).reverse();
    return changed;
  };
  return {
    ...log,
    targets: turned(log.targets),
    typeNumbers: turned(log.typeNumbers),
    users: turned(log.users),
  };
}

test('what was done behind a cut changes no byte before it', async () => {
  for (const [part, start] of [
    ['before-validation', cuts().validation],
    ['before-test', cuts().test],
  ] as const) {
    const other = workspace.path(`other-${part}`);
    const steps = await stepsUntil(`snapshot-${part}`, { ...town, log: otherFrom(start) }, other);
    expect(steps).not.toContain(`=snapshot-${part}`);
    for (const [step, ...path] of [
      [`embeddings-${part}`, 'shops.npy'],
      [`embeddings-${part}`, 'keywords.ndjson'],
      [`snapshot-${part}`, 'snapshots', `${part}.snapshot`],
    ] as const)
      expect(fileOf(other, step, ...path).equals(fileOf(work, step, ...path)), `${step} ${path}`).toBe(true);
  }
});

test('steps are made again where what they are made from differs, and only there', async () => {
  const { settings } = town;
  const before = ['embeddings-before-validation', 'snapshot-before-validation'];
  const kept = before.map((name) => `=${name}`);
  const cases: readonly (readonly [name: string, input: Partial<PipelineTown>, steps: readonly string[]])[] =
    [
      ['the same', {}, [...kept, '=weights']],
      ['another program', { codeVersion: 'other' }, [...before, 'weights']],
      [
        'a holiday',
        { settings: { ...settings, holidays: { 'Asia/Seoul': ['2026-12-25'] } } },
        ['=embeddings-before-validation', 'snapshot-before-validation'],
      ],
      ['fewer cases', { settings: { ...settings, caseCountMax: 20 } }, [...kept, 'weights']],
      ['types', { settings: { ...settings, types: ['order'] } }, [...kept, 'weights']],
      ['another rule', { settings: { ...settings, candidates: 'in-zone' } }, [...kept, 'weights']],
      ['another protocol', { settings: { ...settings, protocol: 'new' } }, [...kept, 'weights']],
      [
        'another end of the validation part',
        { settings: { ...settings, validationShare: 0.05, testShare: 0.15 } },
        [...kept, 'weights'],
      ],
    ];
  for (const [name, change, steps] of cases) {
    const directory = workspace.path(name);
    cpSync(work, directory, { recursive: true });
    const last = steps.at(-1)!.replace('=', '');
    expect(await stepsUntil(last, { ...town, ...change }, directory), name).toEqual(steps);
  }
});

test('an evaluation of the same snapshot at another cut is another one', async () => {
  const watch = new NotingWatch();
  const steps = new PipelineSteps(town, new StepStore(workspace.path('cuts')), watch);
  const early = await steps.embeddings('embeddings', cuts().validation);
  const snapshot = await steps.snapshot('snapshot', 'early', early, {});
  const counts: number[] = [];
  for (const share of [0.1, 0.2, 0.1]) {
    const { slice } = await steps.evaluation('evaluation', cutByShare(town.log, share), snapshot, null);
    counts.push(slice.testActionCount);
  }
  expect(watch.steps.slice(2)).toEqual(['evaluation', 'evaluation', '=evaluation']);
  expect(counts).toEqual([300, 600, 300]);
});
