/** Shows on stderr how far a pipeline run is: progress within steps, and a line for each step that has its output. */
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

export interface PipelineDisplay extends PipelineWatch {
  stop(): void;
}

export function pipelineDisplay(): PipelineDisplay {
  let display: ProgressDisplay | undefined;
  let unit: string | undefined;
  let startMs = performance.now();
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
    stepDone(name, isTakenOver) {
      stop();
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      console.error(isTakenOver ? `${name}: taken over` : `${name}: made in ${seconds} s`);
      startMs = performance.now();
    },
    stop,
  };
}
