/** Which process holds a lease, so that others on its machine see at once that it is gone. Linux alone tells; elsewhere leases end by time. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** JSON. */
export interface ProcessIdentity {
  /** Host, boot and namespace of process ids: a number means the same process only among those who share all three. */
  readonly machine: string;
  readonly pid: number;
  /** Clock ticks since the boot: numbers are given again. */
  readonly startTicks: string;
}

/** Null where it cannot be told. */
export function ownIdentity(): ProcessIdentity | null {
  const startTicks = startTicksOf(process.pid);
  const machine = ownMachine();
  return machine === null || startTicks === null ? null : { machine, pid: process.pid, startTicks };
}

/** Whether the process is known to have ended. */
export function isGone({ machine, pid, startTicks }: ProcessIdentity): boolean {
  return machine === ownMachine() && startTicksOf(pid) !== startTicks;
}

function ownMachine(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Null of a process that is not there, or is dead and waits for its parent to look. */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before, in parentheses, may hold anything; then state, and the start as the 20th.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}
