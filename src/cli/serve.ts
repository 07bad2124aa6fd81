/** `doorrank serve`: the engine over HTTP, until a signal stops it. */
import { Option, type Command } from 'commander';
import type { EngineOptions } from '../engine/config.ts';
import type { Engine } from '../engine/engine.ts';
import { engineSettingOptions } from './engine-settings.ts';
import { jsonLog, LOG_LEVELS } from './json-log.ts';
import { portOption, readNumber, readText } from './option-values.ts';
import { serveUntilStopped } from './server-process.ts';

/** Without a token anyone who reaches the port may erase users and switch versions: only this machine does. */
const HOST_DEFAULT = '127.0.0.1';

interface ServeCommandOptions extends EngineOptions {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly streamsMax: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

export function serveCommand(program: Command): void {
  const command = program.command('serve').description('serve recommendations over HTTP');
  for (const option of engineSettingOptions()) command.addOption(option);
  command
    .addOption(portOption().env('DOORRANK_PORT'))
    .addOption(
      new Option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in')
        .env('DOORRANK_HOST')
        .default(HOST_DEFAULT)
        .argParser(readText),
    )
    .addOption(
      new Option(
        '--token <text>',
        'bearer token that requests under /v1 must carry; as a variable it stays out of ps',
      )
        .env('DOORRANK_TOKEN')
        .argParser(readText),
    )
    .addOption(
      new Option(
        '--streams-max <number>',
        'streams of recommendations that may be open at the same time; more are refused',
      )
        .env('DOORRANK_STREAMS_MAX')
        .default(1_000)
        .argParser(readNumber),
    )
    .addOption(
      new Option('--log-level <level>', 'least level of the JSON log lines on stderr')
        .env('DOORRANK_LOG_LEVEL')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText(
      'after',
      `
Signals: SIGTERM and SIGINT finish what runs and exit 0, a second one exits at once;
SIGHUP looks for a newly activated version now. npx does not pass on a SIGTERM: where something else
is to stop it, start it by exec node_modules/.bin/node node_modules/.bin/doorrank serve …

Example:
  doorrank serve --store ./store --data ./data --port 8080`,
    )
    .action(runServe);
}

async function runServe(options: ServeCommandOptions): Promise<void> {
  const { port, host, token, streamsMax, logLevel, ...settings } = options;
  const log = jsonLog(logLevel);
  let serving: Engine | undefined;
  process.on('SIGHUP', () => {
    serving
      ?.refresh()
      .catch((error: unknown) => log.error({ err: error }, 'looking for a new version failed'));
  });
  await serveUntilStopped(settings, { host, port, token, streamsMax, log }, (url, engine) => {
    serving = engine;
    const { version } = engine.health();
    log.info({ url, version }, 'listening');
    if (process.stdout.isTTY) console.log(`${servedText(version, settings.store)} at ${url}; Ctrl-C stops.`);
  });
}

function servedText(version: string | null, store: string): string {
  if (version !== null) return `Serving version ${version}`;
  return `Nothing is active in ${store} yet, so /readyz answers 503 until a version is activated; listening`;
}
