/** A pipeline run on a small synthetic town: what it makes, what it takes over, and what it decides. */
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPipeline, type PipelineOutcome } from '../src/pipeline/run-pipeline.ts';
import { StepStore } from '../src/pipeline/step-store.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { slice } from '../src/training/action-log.ts';
import { readTrainingShops } from '../src/training/read-training-shops.ts';
import { Workspace } from './built-town.ts';
import { NotingWatch, pipelineTown, type PipelineTown } from './pipeline-town.ts';

const STEPS = [
  'embeddings-before-validation',
  'snapshot-before-validation',
  'weights',
  'embeddings-before-test',
  'snapshot-before-test',
  'evaluation',
  'embeddings-of-all',
  'snapshot-of-all',
];
const workspace = new Workspace();
const work = workspace.path('work');
let town: PipelineTown;
let store: SnapshotStore;

beforeAll(() => {
  town = pipelineTown(workspace);
  store = SnapshotStore.open(workspace.path('store'), { create: true });
});
afterAll(() => workspace.remove());

interface Ran {
  readonly outcome: PipelineOutcome;
  readonly steps: readonly string[];
}

async function ran(version: string, input: PipelineTown = town): Promise<Ran> {
  const watch = new NotingWatch();
  const outcome = await runPipeline(version, input, { store, outputs: new StepStore(work) }, watch);
  return { outcome, steps: watch.steps };
}

function takenOver(steps: readonly string[]): string[] {
  return steps.map((name) => `=${name}`);
}

test('a run that is stopped before it publishes leaves the store as it was', async () => {
  const stopped = runPipeline('v1', town, { store, outputs: new StepStore(work) }, new NotingWatch(), () => {
    throw new Error('the lease is lost');
  });
  await expect(stopped).rejects.toThrow('the lease is lost');
  expect(store.versions()).toEqual([]);
});

test('the next run takes all steps over, and activates a first version that beats popularity', async () => {
  const { outcome, steps } = await ran('v1');
  expect(steps).toEqual(takenOver(STEPS));
  expect(outcome).toMatchObject({ version: 'v1', active: null, isActivated: true });
  expect(outcome.reason).toMatch(
    /^ndcg@5 0\.\d{4}, 0\.\d{4} more than popularity .*: clearly above popularity$/,
  );
  expect(store.current()).toBe('v1');
});

test('the model card says what the version is made of and how good its kind was', () => {
  const { modelCard } = readHeader(store.pathOf('v1'));
  const { evaluation, requestDefaults } = modelCard as {
    evaluation: PipelineOutcome['evaluation'];
    requestDefaults: { fusion: { method: string; typeWeights: Record<string, number> } };
  };
  expect(modelCard).toMatchObject({
    trainedBy: 'doorrank pipeline run',
    codeVersion: 'test',
    actionsTo: new Date(town.log.atMs.at(-1)!).toISOString(),
    actionCount: town.log.count,
    settings: { seed: 1, dimensions: 32 },
    pipeline: { protocol: 'next', margin: 0.02 },
    decision: { isActivated: true },
  });
  expect(evaluation.slice.trainingActionCount).toBe(Math.floor(0.9 * town.log.count));
  expect(requestDefaults.fusion.method).toBe('linear');
  expect(Object.keys(requestDefaults.fusion.typeWeights)).toContain('search');
});

test('an output that was cut off is made again, and what is made from it is as before', async () => {
  const [name] = readdirSync(work).filter((each) => each.startsWith('embeddings-before-validation'));
  truncateSync(join(work, name!, 'shops.npy'), 1_000);
  const { outcome, steps } = await ran('v2');
  const [first, ...others] = STEPS;
  expect(steps).toEqual([
    first, // the same bytes, so that what follows is taken over
    ...takenOver(others.slice(0, 4)),
    'evaluation', // beside v1 now
    '=embeddings-of-all',
    'snapshot-of-all',
  ]);
  expect(outcome.active).toBe('v1');
  expect(outcome.reason).toContain('v1 may have been trained on the test part');
  expect(store.versions()).toEqual(['v1', 'v2']);
});

test('a version that is worse is published, kept back, and the reason is given', async () => {
  const active = store.current();
  const half = workspace.path('half.csv');
  const lines = readFileSync(town.shopsPath, 'utf8').split('\n');
  writeFileSync(half, lines.slice(0, lines.length / 2).join('\n')); // an export that broke off
  const { outcome, steps } = await ran('v3', {
    ...town,
    shopsPath: half,
    shops: await readTrainingShops(half),
  });
  expect(steps).toEqual(STEPS);
  expect(outcome.isActivated).toBe(false);
  expect(outcome.reason).toMatch(
    /0\.\d{4} less than v\d \(95 %: -0\.\d+ to -0\.\d+\): worse by more than 0\.02/,
  );
  expect(store.current()).toBe(active);
  expect(store.versions()).toContain('v3');
  expect(readHeader(store.pathOf('v3')).modelCard).toMatchObject({ decision: { isActivated: false } });
});

test('a version is tested with what was done since the active one was trained, if that is enough', async () => {
  const input = { ...town, settings: { ...town.settings, caseCountMax: 40 } };
  store = SnapshotStore.open(workspace.path('growing'), { create: true });
  await ran('monday', { ...input, log: slice(town.log, 0, 2_780) });
  const { outcome } = await ran('tuesday', input);
  expect(outcome.reason).toContain('than monday');
  expect(outcome.reason).not.toContain('may have been trained');
  expect(outcome.evaluation.slice).toMatchObject({ trainingActionCount: 2_780, testActionCount: 220 });
});

test('outputs of earlier runs are removed', () => {
  expect(readdirSync(work)).toHaveLength(STEPS.length);
});
