/** Shows on stderr how far a command is: a bar on a terminal, a line for every tenth in a pipe. */
import { Presets, SingleBar } from 'cli-progress';

/** How much of a phase is done. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** What is said of it beside the share; the total if there is none. */
  readonly note?: string;
}

export interface ProgressDisplay {
  report(progress: Progress): void;
  stop(): void;
}

/** `unit` is what is counted, such as "bytes"; `phaseWidth` the characters of the longest name of a phase. */
export function progressDisplay(unit: string, phaseWidth: number): ProgressDisplay {
  return process.stderr.isTTY ? barDisplay(unit, phaseWidth) : lineDisplay(unit);
}

/** One bar a phase; finished ones stay on the screen. */
function barDisplay(unit: string, phaseWidth: number): ProgressDisplay {
  const bar = new SingleBar(
    {
      barsize: 30, // with the longest phase and two counts of bytes within 80 columns
      format: '{phase} {bar} {percentage} % {note}',
      // Its own handling of Ctrl-C stops the bar and lets the work go on. We leave the terminal as it is instead,
      // so that there is nothing to restore.
      gracefulExit: false,
      linewrap: true,
    },
    Presets.shades_classic,
  );
  let shown: string | undefined;
  return {
    report({ phase, done, total, note = `of ${total} ${unit}` }) {
      if (phase === shown) return bar.update(done, { note });
      if (shown !== undefined) bar.stop();
      shown = phase;
      bar.start(total, done, { phase: phase.padEnd(phaseWidth), note });
    },
    stop: () => bar.stop(),
  };
}

/** Such as `12 s left`, if the rest takes as long as what is done; nothing at the end. */
export function timeLeftText(done: number, total: number, elapsedMs: number): string[] {
  return done > 0 && done < total ? [`${Math.ceil((elapsedMs * (total - done)) / done / 1000)} s left`] : [];
}

function lineDisplay(unit: string): ProgressDisplay {
  let shown = '';
  return {
    report({ phase, done, total, note = `of ${total} ${unit}` }) {
      const tenths = total === 0 ? 10 : Math.floor((10 * done) / total);
      const line = `${phase} ${tenths * 10} %`;
      if (line === shown) return;
      shown = line;
      console.error(total === 1 ? line : `${line} ${note}`); // of one step the share says it all
    },
    stop() {},
  };
}
