/** A small synthetic town as a pipeline run takes it, trained by one thread: the same run gives the same bytes. */
import { join } from 'node:path';
import { PIPELINE_DEFAULTS, type PipelineSettings } from '../src/pipeline/pipeline-settings.ts';
import type { PipelineInput, PipelineWatch } from '../src/pipeline/pipeline-steps.ts';
import { writeTown } from '../src/synthetic/write-town.ts';
import { TrainingOptionsSchema } from '../src/training/training-options.ts';
import type { Workspace } from './built-town.ts';
import { trainingTown } from './training-town.ts';

/** 3,000 actions of 80 users at 200 shops: a run takes two seconds. */
const TOWN_OPTIONS = { seed: 3, shopCount: 200, userCount: 80, actionCount: 3_000, dimensions: 8 };

export interface PipelineTown extends PipelineInput {
  readonly shopsPath: string;
  readonly actionsPath: string;
}

export function pipelineTown(workspace: Workspace, settings: Partial<PipelineSettings> = {}): PipelineTown {
  const { town, shops, log } = trainingTown(TOWN_OPTIONS);
  const directory = workspace.path('town');
  writeTown(town, directory);
  return {
    log,
    shops,
    shopsPath: join(directory, 'shops.csv'),
    actionsPath: join(directory, 'actions.ndjson'),
    settings: { ...PIPELINE_DEFAULTS, caseCountMax: 120, ...settings },
    training: TrainingOptionsSchema.parse({ dimensions: 32, threads: 1, epochs: 5 }),
    codeVersion: 'test',
  };
}

/** Notes the steps of a run in order, those that were taken over with a `=` in front. */
export class NotingWatch implements PipelineWatch {
  readonly steps: string[] = [];
  readonly warnings: string[] = [];

  stepDone(name: string, isTakenOver: boolean): void {
    this.steps.push(isTakenOver ? `=${name}` : name);
  }

  progress(): void {}

  warn(text: string): void {
    this.warnings.push(text);
  }
}
