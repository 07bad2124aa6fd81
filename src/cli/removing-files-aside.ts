/** What a command that is told to end leaves behind: nothing of files that are not whole. */
import { abandonFilesAside } from '../base/file-aside.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does `work`; on a signal meanwhile the process ends by that signal once its unfinished files are removed. */
export async function removingFilesAside<T>(work: () => Promise<T>): Promise<T> {
  const deafen = (): void => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals): void => {
    abandonFilesAside();
    deafen();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work();
  } finally {
    deafen();
  }
}
