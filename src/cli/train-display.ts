/** Shows on stderr how far a training is: a bar on a terminal, a line for every tenth in a pipe. */
import { Presets, SingleBar } from 'cli-progress';
import type { TrainingProgress } from '../training/train-in-threads.ts';

export interface TrainDisplay {
  /** Of the files that are read. */
  read(what: 'shops' | 'actions', bytesRead: number, bytesTotal: number): void;
  train(progress: TrainingProgress): void;
  stop(): void;
}

export function trainDisplay(): TrainDisplay {
  return process.stderr.isTTY ? barDisplay() : lineDisplay();
}

/** One bar for each phase; finished ones stay on the screen. */
function barDisplay(): TrainDisplay {
  // Ctrl-C leaves the terminal as it is, so that there is nothing to restore: see `build-with-progress.ts`.
  const options = { barsize: 24, format: '{phase} {bar} {percentage} % {note}', gracefulExit: false };
  const bar = new SingleBar({ ...options, linewrap: true }, Presets.shades_classic);
  let shown: string | undefined;
  const show = (phase: string, done: number, total: number, note: string): void => {
    const payload = { phase: phase.padEnd('training'.length), note };
    if (phase === shown) return bar.update(done, payload);
    if (shown !== undefined) bar.stop();
    shown = phase;
    bar.start(total, done, payload);
  };
  return {
    read: (what, bytesRead, bytesTotal) => show(what, bytesRead, bytesTotal, `of ${bytesTotal} bytes`),
    train: (progress) => show('training', progress.done, progress.total, noteOf(progress)),
    stop: () => bar.stop(),
  };
}

function lineDisplay(): TrainDisplay {
  let shown = '';
  const show = (phase: string, done: number, total: number, note: string): void => {
    const line = `${phase} ${total === 0 ? 100 : Math.floor((10 * done) / total) * 10} %`;
    if (line === shown) return;
    shown = line;
    console.error(`${line} ${note}`);
  };
  return {
    read: (what, bytesRead, bytesTotal) => show(what, bytesRead, bytesTotal, `of ${bytesTotal} bytes`),
    train: (progress) => show('training', progress.done, progress.total, noteOf(progress)),
    stop() {},
  };
}

/** Such as `5.1 M pairs/s, loss 0.634, 12 s left`; without what is not known yet. */
function noteOf({ pairsPerSecond, loss, leftMs, done, total }: TrainingProgress): string {
  const parts = [`${(pairsPerSecond / 1e6).toFixed(1)} M pairs/s`];
  if (Number.isFinite(loss)) parts.push(`loss ${loss.toFixed(3)}`);
  if (Number.isFinite(leftMs) && done < total) parts.push(`${Math.ceil(leftMs / 1000)} s left`);
  return parts.join(', ');
}
