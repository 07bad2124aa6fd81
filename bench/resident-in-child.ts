/** How much memory a further process on a snapshot takes. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchRequest } from './requests.ts';

/** What the child is to do. */
export interface ChildWork {
  /** URL of the package's entry. */
  readonly library: string;
  readonly storeDirectory: string;
  readonly requests: readonly BenchRequest[];
}

export interface Resident {
  readonly residentBytes: number;
  /** Only this process has these pages. */
  readonly privateBytes: number;
  readonly sharedBytes: number;
  /** Not pages of a file. */
  readonly anonymousBytes: number;
}

/** Starts a process that does `work`, or, with null, nothing at all. */
export async function residentInChild(work: ChildWork | null): Promise<Resident> {
  const child = fork(new URL('./resident-entry.ts', import.meta.url), { execArgv: [] });
  child.send(work as object);
  const answers: Resident[] = [];
  child.on('message', (message) => answers.push(message as Resident));
  const [[code]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]);
  const [resident] = answers;
  if (code !== 0 || resident === undefined) throw new Error(`the process ended with code ${code}`);
  return resident;
}
