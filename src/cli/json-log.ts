/** The log of a server process: one JSON line an event, on stderr. Results alone go to stdout. */
import { destination, pino, stdTimeFunctions, type Logger, type LoggerOptions } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Writes at once, so that the last line before a crash is there. */
export function jsonLog(level: (typeof LOG_LEVELS)[number]): Logger {
  const settings: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  return pino(settings, destination({ dest: process.stderr.fd, sync: true }));
}
