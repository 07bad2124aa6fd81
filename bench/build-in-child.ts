/** Builds a snapshot in a process of its own, so that its memory is its own too. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { TownInputs } from './bench-town.ts';

/** What the child is to do; sent as its only argument. */
export interface ChildBuild {
  readonly inputs: TownInputs;
  readonly storeDirectory: string;
  readonly version: string;
}

export interface MeasuredBuild {
  /** Of the new snapshot, as it was built. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly buildMs: number;
  /** Peak resident memory of the process, Node itself and the mapped pages of the new file included. */
  readonly peakRssBytes: number;
}

/** Builds `inputs` as `version` into the store, which is created if it is not there. */
export async function buildInChild(
  inputs: TownInputs,
  storeDirectory: string,
  version: string,
): Promise<MeasuredBuild> {
  const work: ChildBuild = { inputs, storeDirectory, version };
  const child = fork(new URL('./build-entry.ts', import.meta.url), [JSON.stringify(work)], { execArgv: [] });
  const answers: MeasuredBuild[] = [];
  child.on('message', (message) => answers.push(message as MeasuredBuild));
  // The last message may arrive after the exit, but not after the disconnect.
  const [[code]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  const [built] = answers;
  if (code !== 0 || built === undefined) throw new Error(`the building process ended with code ${code}`);
  return built;
}
