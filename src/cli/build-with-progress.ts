/** Builds a snapshot and shows on stderr how far it is: a bar on a terminal, a line for every tenth in a pipe. */
import { Presets, SingleBar } from 'cli-progress';
import { buildSnapshot, type BuildInput, type BuildProgress } from '../snapshot/build-snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';

interface Display {
  report(progress: BuildProgress): void;
  stop(): void;
}

export async function buildWithProgress(
  input: BuildInput,
  store: SnapshotStore,
): ReturnType<typeof buildSnapshot> {
  const display = process.stderr.isTTY ? barDisplay() : lineDisplay();
  try {
    return await buildSnapshot(input, store, (progress) => display.report(progress));
  } finally {
    display.stop();
  }
}

/** One bar a phase; finished ones stay on the screen. */
function barDisplay(): Display {
  const bar = new SingleBar(
    {
      barsize: 30, // with the longest phase and two counts of bytes within 80 columns
      format: '{phase} {bar} {percentage} % of {total} bytes',
      // Its own handling of Ctrl-C stops the bar and lets the build go on. We leave the terminal as it is instead,
      // so that there is nothing to restore.
      gracefulExit: false,
      linewrap: true,
    },
    Presets.shades_classic,
  );
  let shown: BuildProgress['phase'] | undefined;
  return {
    report({ phase, done, total }) {
      if (phase === shown) return bar.update(done);
      if (shown !== undefined) bar.stop();
      shown = phase;
      bar.start(total, done, { phase: phase.padEnd('verification'.length) });
    },
    stop: () => bar.stop(),
  };
}

function lineDisplay(): Display {
  let shown = '';
  return {
    report({ phase, done, total }) {
      const tenths = total === 0 ? 10 : Math.floor((10 * done) / total);
      const line = `${phase} ${tenths * 10} %`;
      if (line === shown) return;
      shown = line;
      console.error(phase === 'verification' ? line : `${line} of ${total} bytes`);
    },
    stop() {},
  };
}
