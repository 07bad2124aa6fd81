/** Shows on stderr how far a pipeline run is: a line for each step that has its output, and progress within steps. */
import type { PipelineWatch } from '../pipeline/pipeline-steps.ts';
import { progressDisplay, type ProgressDisplay } from './progress-display.ts';

/** What is counted, where it is not bytes. */
const UNITS: Readonly<Record<string, string>> = {
  training: 'chunks',
  fitting: 'cases',
  weighing: 'half-lives',
  evaluating: 'cases',
  lists: 'users',
};
const PHASE_WIDTH = 'verification'.length;
/** Between lines within steps that go into a file: a night's run must not fill it. */
const LINE_MS = 30_000;

export interface PipelineDisplay extends PipelineWatch {
  stop(): void;
}

export function pipelineDisplay(): PipelineDisplay {
  const within = process.stderr.isTTY ? barsWithin() : linesWithin();
  let startMs = performance.now();
  return {
    ...within,
    stepDone(name, isTakenOver) {
      within.stop();
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      console.error(isTakenOver ? `${name}: taken over` : `${name}: made in ${seconds} s`);
      startMs = performance.now();
    },
    warn(text) {
      within.stop();
      console.error(`warning: ${text}`);
    },
  };
}

function barsWithin(): Pick<PipelineDisplay, 'progress' | 'stop'> {
  let display: ProgressDisplay | undefined;
  let unit: string | undefined;
  const stop = (): void => {
    display?.stop();
    display = undefined;
    unit = undefined;
  };
  return {
    progress(phase, done, total) {
      const counted = UNITS[phase] ?? 'bytes';
      if (counted !== unit) {
        stop();
        display = progressDisplay(counted, PHASE_WIDTH);
        unit = counted;
      }
      display!.report({ phase, done, total });
    },
    stop,
  };
}

function linesWithin(): Pick<PipelineDisplay, 'progress' | 'stop'> {
  let toldMs = performance.now();
  return {
    progress(phase, done, total) {
      const nowMs = performance.now();
      if (nowMs - toldMs < LINE_MS) return;
      toldMs = nowMs;
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      console.error(`${phase} ${percent} % of ${total} ${UNITS[phase] ?? 'bytes'}`);
    },
    stop() {},
  };
}
