/** A pipeline run on a small synthetic town: what it makes, what it takes over, and what it decides. */
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { batchRequest } from '../src/batch/batch-request.ts';
import { BatchUsers } from '../src/batch/batch-users.ts';
import { runBatch } from '../src/batch/run-batch.ts';
import { withSharedSnapshot } from '../src/batch/shared-snapshot.ts';
import type { Location } from '../src/domain/location.ts';
import { openEngine } from '../src/index.ts';
import { publishSnapshot } from '../src/pipeline/publish-snapshot.ts';
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
  readonly warnings: readonly string[];
}

async function ran(version: string, input: PipelineTown = town): Promise<Ran> {
  const watch = new NotingWatch();
  const outcome = await runPipeline(version, input, { store, outputs: new StepStore(work) }, watch);
  return { outcome, steps: watch.steps, warnings: watch.warnings };
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

test('a version is kept back if another one became active than it was compared with', async () => {
  const own = SnapshotStore.open(workspace.path('overtaken'), { create: true });
  const input = { ...town, settings: { ...town.settings, margin: 1 } };
  const places = { store: own, outputs: new StepStore(workspace.path('overtaken-work')) };
  await runPipeline('first', input, places, new NotingWatch());
  const outcome = await runPipeline('second', input, places, new NotingWatch(), () => {
    publishSnapshot({ path: store.pathOf('v1'), version: 'by-hand' }, own);
    own.activate('by-hand');
  });
  expect(outcome).toMatchObject({ version: 'second', active: 'first', isActivated: false });
  expect(outcome.reason).toContain('but by-hand became the active version meanwhile');
  expect(own.current()).toBe('by-hand');
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

const LIST_STEPS = [...STEPS.slice(0, -1), 'snapshot-before-lists', 'user-lists', 'snapshot-of-all'];
const LIST_LIMIT = 7;
/** One user is elsewhere than at the shop of the last action, and one has done nothing. */
const LOCATIONS = new Map([
  ['u3', { lon: 126.97, lat: 37.56 }],
  ['stranger', { lon: 126.97, lat: 37.56 }],
]);

/** The lists that a batch makes by a version of the store, by user. */
async function batchOf(version: string, locations: ReadonlyMap<string, Location>) {
  const nowMs = town.log.atMs.at(-1)!;
  const userLists = workspace.path(`${version}.ndjson`);
  await withSharedSnapshot(store.pathOf(version), version, 1, async (snapshot) => {
    const { generation } = snapshot;
    const request = batchRequest({}, LIST_LIMIT, nowMs, generation, silentLog);
    const users = new BatchUsers(town.log, generation, { nowMs, actionsPerUserMax: 200, locations });
    await runBatch(snapshot, request, users, { userLists }, () => {});
  });
  const lines = readFileSync(userLists, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as { readonly userId: string; readonly shopIds: string[] });
}

/** The lists that an engine serves of the active version, of all users there may be. */
async function servedLists() {
  const engine = await openEngine({ store: store.directory, data: workspace.path('data'), threads: 0 });
  try {
    return [...town.log.userIds, 'stranger'].flatMap((userId) => {
      const shopIds = engine.userList(userId).shops.map(({ shopId }) => shopId);
      return shopIds.length === 0 ? [] : [{ userId, shopIds }];
    });
  } finally {
    await engine.close();
  }
}

test('the version that is activated holds the lists that a batch by it makes', async () => {
  store = SnapshotStore.open(workspace.path('listed'), { create: true });
  const settings = { ...town.settings, caseCountMax: 40, userListLimit: LIST_LIMIT };
  const { outcome, steps } = await ran('listed', { ...town, settings, locations: LOCATIONS });
  expect(steps.map((step) => step.replace('=', ''))).toEqual(LIST_STEPS);
  expect(outcome.isActivated).toBe(true);
  const lists = await batchOf('listed', LOCATIONS);
  expect(lists.length).toBeGreaterThan(70);
  expect(lists[0]!.shopIds).toHaveLength(LIST_LIMIT);
  expect(await servedLists()).toEqual(lists);
  expect(readHeader(store.pathOf('listed')).modelCard['userLists']).toMatchObject({
    limit: LIST_LIMIT,
    at: new Date(town.log.atMs.at(-1)!).toISOString(),
    userCount: town.log.userIds.length + 1,
    userListCount: lists.length,
    basisCounts: { actions: lists.length, popular: 1 },
  });
});

test('lists are taken over by a version of another name, and made again where users are elsewhere', async () => {
  const settings = { ...town.settings, caseCountMax: 40, userListLimit: LIST_LIMIT };
  const again = await ran('again', { ...town, settings, locations: new Map(LOCATIONS) });
  expect(again.steps.slice(-3)).toEqual(['=snapshot-before-lists', '=user-lists', 'snapshot-of-all']);
  const elsewhere = await ran('elsewhere', { ...town, settings });
  expect(elsewhere.warnings).toEqual([]);
  expect(elsewhere.steps.slice(-3)).toEqual(['=snapshot-before-lists', 'user-lists', 'snapshot-of-all']);
  const [before, after] = [await batchOf('again', LOCATIONS), await batchOf('elsewhere', new Map())];
  expect(after.find(({ userId }) => userId === 'u3')).not.toEqual(
    before.find(({ userId }) => userId === 'u3'),
  );
});

test('that a version without lists follows one with lists is warned of', async () => {
  expect(store.current()).toBe('listed');
  const { warnings } = await ran('bare', { ...town, settings: { ...town.settings, caseCountMax: 40 } });
  expect(warnings).toEqual([
    expect.stringMatching(/^listed, which is active, holds lists of \d+ users; .*--user-lists/),
  ]);
});
