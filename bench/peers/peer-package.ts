/** The packages of the peers: installed beside this file on first use, never part of the project's own. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';

const FOLDER = import.meta.dirname;

/** Installs what package-lock.json names unless that is there already. A peer that is then missing cannot be loaded. */
export function installPeerPackages(): void {
  const lock = statSync(path.join(FOLDER, 'package-lock.json'));
  const installed = statSync(path.join(FOLDER, 'node_modules', '.package-lock.json'), {
    throwIfNoEntry: false,
  });
  if (installed !== undefined && installed.mtimeMs >= lock.mtimeMs) return;
  console.log('Installing the peers into bench/peers/node_modules (npm ci) …\n');
  const { status } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: FOLDER,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) console.log(`npm ci exited with ${status}\n`);
}

/**
 * Loads a peer's package. The caller describes the part of it that it uses: where it was never installed,
 * the types of the project still hold.
 */
export async function peerPackage<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}
