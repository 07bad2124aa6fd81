/**
 * Finds moments in which a measurement has the machine to itself. What needs all cores at once cannot be told from a
 * minimum on a shared machine: moments in which one core is free come often, those in which all are seldom.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const STAT = '/proc/stat';
/** The kernel counts in hundredths of a second. */
const TICK_MS = 10;
/** Share of one core that others may take. */
const OTHERS_MAX = 0.1;
/** Before each try the machine is watched for this long. */
const WATCH_MS = 60;
const PATIENCE_MS = 5_000;

/** Does `work` in a moment that others leave free, the least disturbed one if there is none for five seconds. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const patienceEndMs = performance.now() + PATIENCE_MS;
  let best: { readonly value: T; readonly others: number } | undefined;
  for (;;) {
    const impatient = performance.now() > patienceEndMs;
    if (impatient && best !== undefined) return best.value;
    const watched = await othersDuring(() => sleep(WATCH_MS));
    if (watched.others > OTHERS_MAX && !impatient) continue;
    const tried = await othersDuring(work);
    if (best === undefined || tried.others < best.others) best = tried;
    if (best.others <= OTHERS_MAX) return best.value;
  }
}

/** What `work` gave, and what share of a core others took meanwhile. */
async function othersDuring<T>(work: () => Promise<T>): Promise<{ value: T; others: number }> {
  const startMs = performance.now();
  const before = othersMs();
  const value = await work();
  return { value, others: (othersMs() - before) / (performance.now() - startMs) };
}

/** Milliseconds of all cores that went to others than this process, the host among them; 0 where nobody counts. */
function othersMs(): number {
  let line: string;
  try {
    line = readFileSync(STAT, 'latin1').split('\n', 1)[0]!;
  } catch {
    return 0;
  }
  // cpu user nice system idle iowait irq softirq steal
  const [user, nice, system, , , irq, softirq, steal] = line.split(/ +/).slice(1).map(Number);
  const { user: ownUser, system: ownSystem } = process.cpuUsage();
  return (user! + nice! + system! + irq! + softirq! + steal!) * TICK_MS - (ownUser + ownSystem) / 1_000;
}
