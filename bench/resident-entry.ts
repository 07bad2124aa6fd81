/** The process that `residentInChild` starts: opens a store and answers requests, or does nothing; says what memory it has. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as Library from '../src/index.ts';
import type { ChildWork, Resident } from './resident-in-child.ts';

process.once('message', (message) => void answer(message as ChildWork | null));

async function answer(work: ChildWork | null): Promise<void> {
  const close = work === null ? undefined : await serve(work);
  process.send!(resident());
  await close?.();
  process.disconnect!();
}

async function serve({ library, storeDirectory, requests }: ChildWork): Promise<() => Promise<void>> {
  const { openEngine } = (await import(library)) as typeof Library;
  const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const engine = await openEngine({ store: storeDirectory, data, threads: 1 });
  for (const request of requests) await engine.recommend(request);
  return async () => {
    await engine.close();
    rmSync(data, { recursive: true, force: true });
  };
}

/** From what the system counts of all mappings together. */
function resident(): Resident {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8');
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)![1]) * 1024;
  return {
    residentBytes: bytesOf('Rss'),
    privateBytes: bytesOf('Private_Clean') + bytesOf('Private_Dirty'),
    sharedBytes: bytesOf('Shared_Clean') + bytesOf('Shared_Dirty'),
    anonymousBytes: bytesOf('Anonymous'),
  };
}
