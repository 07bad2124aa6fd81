/** What answers that go on have in common: what they ask of proxies, and that they end when the server does. */
import type { Env } from './operation.ts';

type Connection = Env['Bindings'];

/** Proxies that gather or compress an answer would keep it until it ends. nginx listens to the second. */
export const UNBUFFERED = { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' } as const;

/** How long the other side may take to receive the end of an answer before its connection is cut. */
const END_MS_MAX = 1_000;

/** Lets `end` end the answer when `stopped` is aborted, and sees to it that it does, whether or not anybody reads it. */
export function endWhenStopped(
  { outgoing }: Connection,
  stopped: AbortSignal,
  end: () => void = () => {},
): void {
  const stop = () => {
    end();
    cutLater(outgoing);
  };
  if (stopped.aborted) stop();
  else stopped.addEventListener('abort', stop);
  outgoing.on('close', () => stopped.removeEventListener('abort', stop));
}

/** Breaks off an answer after what has been written, so that it cannot be taken for whole. */
export function breakOff({ incoming, outgoing }: Connection): void {
  // What is sent meanwhile is read and dropped: closing on unread bytes resets the connection, and the other side
  // would see that instead of the last of its answer.
  incoming.resume();
  // Node gathers what is written in a turn and hands it to the connection at the end of it.
  setImmediate(() => outgoing.socket?.end());
  cutLater(outgoing);
}

function cutLater(outgoing: Connection['outgoing']): void {
  const cut = setTimeout(() => outgoing.destroy(), END_MS_MAX).unref();
  outgoing.on('close', () => clearTimeout(cut));
}
