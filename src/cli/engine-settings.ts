/** Every setting of the engine as an option and an environment variable, in the words of its schema. */
import { Option } from 'commander';
import { z } from 'zod';
import { EngineOptionsSchema } from '../engine/config.ts';
import { readJsonFile } from './json-file.ts';
import { inWords, readNumber, readPath, readText } from './option-values.ts';

/** `--store`, `--data`, `--threads` … in the order of the schema; what may not be left out must be given. */
export function engineSettingOptions(): Option[] {
  return Object.entries(EngineOptionsSchema.shape).map(([name, schema]) => settingOption(name, schema));
}

function settingOption(name: string, schema: z.ZodType): Option {
  const words = inWords(name);
  const variable = `DOORRANK_${words.replaceAll('-', '_').toUpperCase()}`;
  const option = (value: string) =>
    new Option(`--${words} <${value}>`, schema.description?.replaceAll('`', '')).env(variable);
  if (schema instanceof z.ZodOptional) return optionalSetting(schema.unwrap(), option);
  if (!(schema instanceof z.ZodDefault)) {
    return option('directory').argParser(readPath).makeOptionMandatory();
  }
  const inner = schema.unwrap();
  const optional =
    inner instanceof z.ZodEnum
      ? option('way').choices(inner.options.map(String))
      : option('number').argParser(readNumber);
  return optional.default(schema.def.defaultValue).helpGroup('Tuning:');
}

function optionalSetting(schema: unknown, option: (value: string) => Option): Option {
  if (schema instanceof z.ZodObject) return option('file').argParser(readJsonFile).helpGroup('Tuning:');
  const value = schema instanceof z.ZodString ? 'text' : 'version=percent';
  return option(value).argParser(readText).helpGroup('Versions side by side:');
}
