/** The settings of a training as options, for `doorrank train` and `doorrank pipeline run`. */
import { Option } from 'commander';
import { z } from 'zod';
import { TrainingOptionsSchema } from '../training/training-options.ts';
import { inWords, readNumber } from './option-values.ts';

/** Every setting in the words of its schema. */
export function trainingOptions(): Option[] {
  return Object.entries(TrainingOptionsSchema.shape).map(([name, schema]) => {
    const option = new Option(`--${inWords(name)} <number>`, schema.description).argParser(readNumber);
    if (schema instanceof z.ZodDefault) option.default(schema.def.defaultValue);
    return option.helpGroup('Training:');
  });
}
