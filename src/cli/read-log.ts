/** Reads actions from files and shows how far it is. */
import type { ActionLog } from '../training/action-log.ts';
import { readActionLog } from '../training/read-action-log.ts';
import { progressDisplay } from './progress-display.ts';

/** `phase` is what the display calls it. */
export async function readLog(paths: readonly string[], phase: string): Promise<ActionLog> {
  const display = progressDisplay('bytes', phase.length);
  try {
    const { log } = await readActionLog(paths, (done, total) => display.report({ phase, done, total }));
    return log;
  } finally {
    display.stop();
  }
}
