/** What a command that runs once has to say beside its result: lines on stderr. */
import { silentLog, type Log } from '../base/log.ts';

export const warningLog: Log = {
  ...silentLog,
  warn: (fields, message) => console.error(`warning: ${message}: ${Object.values(fields).join(': ')}`),
};
