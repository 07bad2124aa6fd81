/**
 * The processor time of this thread to the nanosecond: what it did itself, whatever else the machine ran meanwhile.
 * Node's own `threadCpuUsage` counts in ticks of 4 ms.
 */
const CLOCK_THREAD_CPUTIME_ID = 3; // Linux, <bits/time.h>

/** A clock in milliseconds, or null where the system has none to call. */
export function threadClock(): (() => number) | null {
  if (process.platform !== 'linux') return null;
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    const { functions } = ffi.dlopen(null, {
      clock_gettime: { arguments: ['i32', 'u64'], return: 'i32' },
    });
    const time = new BigInt64Array(2); // struct timespec: seconds, nanoseconds
    const address = ffi.getRawPointer(time.buffer);
    return () => {
      functions.clock_gettime(CLOCK_THREAD_CPUTIME_ID, address);
      return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
    };
  } catch {
    return null; // no FFI in this build, or not permitted
  }
}
