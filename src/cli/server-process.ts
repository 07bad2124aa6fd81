/** A process that serves: opens the engine, listens, follows signals, and stops without losing a request. */
import type { EngineOptions } from '../engine/config.ts';
import { openEngine, type Engine } from '../engine/engine.ts';
import { serve, type ServeOptions } from '../http/server.ts';

/** npm passes on the Ctrl-C that the terminal has sent to us as well: one key press, two signals. */
const SAME_SIGNAL_MS = 500;

/**
 * Serves until SIGTERM or SIGINT, then finishes what runs and resolves; a second signal ends the process at once.
 * `onListening` gets the address with the real port.
 */
export async function serveUntilStopped(
  engineOptions: EngineOptions,
  serveOptions: ServeOptions,
  onListening: (url: string, engine: Engine) => void,
): Promise<void> {
  const { log } = serveOptions;
  const stopSignal = nextStopSignal();
  const engine = await openEngine(engineOptions, { nowMs: Date.now, log });
  try {
    const server = await serve(engine, serveOptions);
    onListening(server.address.url, engine);
    log.info({ signal: await stopSignal }, 'stopping');
    await server.close();
  } finally {
    await engine.close();
  }
}

function nextStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let stopAtMs: number | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      stopAtMs ??= Date.now();
      if (Date.now() - stopAtMs > SAME_SIGNAL_MS) process.exit(1);
      resolve(signal);
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
}
