/**
 * Reads a body by lines while it arrives. Nothing is read ahead: as long as nobody asks for the next line, the sender
 * waits. What stays in memory is the line that has begun, never more of it than a body may have.
 */
import type { IncomingMessage } from 'node:http';
import { ARRIVAL_MS_MAX, decodeText, tooLarge, tooLate } from './body.ts';
import { HttpError } from './errors.ts';

/** A line that is not empty, or what is wrong with it. `number` counts all lines, from 1. */
export type Line = { readonly number: number } & ({ readonly text: string } | { readonly fault: unknown });

const LINE_FEED = 10;
const WHAT = 'the line';

/**
 * The lines of a body, each of at most `bytesMax` bytes; a longer one is passed over. Returns whether the body was
 * read to its end. It was not if a line did not arrive in time or `stopped` came first, which the last line then says
 * in place of the one that was waited for, or if the sender is gone.
 */
export async function* readLines(
  incoming: IncomingMessage,
  bytesMax: number,
  stopped: AbortSignal,
): AsyncGenerator<Line, boolean> {
  incoming.on('error', () => {}); // when the sender goes while nobody reads; the next chunk tells
  const lines = new LineSplitter(bytesMax);
  let waitMs = ARRIVAL_MS_MAX;
  for (;;) {
    const startMs = performance.now();
    const chunk = await nextChunk(incoming, waitMs, stopped);
    // Only the time counts in which it is the sender who is waited for.
    waitMs -= performance.now() - startMs;
    if (chunk === 'end' || chunk === 'gone') {
      const last = chunk === 'end' ? lines.rest() : undefined;
      if (last !== undefined) yield last;
      return chunk === 'end';
    }
    if (chunk instanceof HttpError) {
      yield { number: lines.number, fault: chunk };
      return false;
    }
    for (const line of lines.split(chunk)) {
      if (stopped.aborted) {
        yield { number: line.number, fault: closing() };
        return false;
      }
      yield line;
      waitMs = ARRIVAL_MS_MAX;
    }
  }
}

/** Puts lines together from chunks. */
class LineSplitter {
  /** Of the line that has begun. */
  number = 1;
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in `chunk`, without the empty ones. */
  *split(chunk: Buffer): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#add(chunk.subarray(start, end));
      start = end + 1;
      const line = this.rest();
      this.number++;
      if (line !== undefined) yield line;
    }
    this.#add(chunk.subarray(start));
  }

  /** The line that has begun, as if it ended here; undefined if it is empty. */
  rest(): Line | undefined {
    const { number } = this;
    const parts = this.#parts;
    const isTooLarge = this.#sizeBytes > this.#bytesMax;
    this.#parts = [];
    this.#sizeBytes = 0;
    try {
      if (isTooLarge) throw tooLarge(WHAT, this.#bytesMax);
      const text = decodeText(parts.length === 1 ? parts[0]! : Buffer.concat(parts), WHAT);
      return text.trim() === '' ? undefined : { number, text };
    } catch (fault) {
      return { number, fault };
    }
  }

  #add(part: Uint8Array): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes <= this.#bytesMax) this.#parts.push(part);
    else this.#parts = [];
  }
}

/** The next bytes of a body; or that it ended, that its sender is gone, or why it is not waited for any more. */
function nextChunk(
  incoming: IncomingMessage,
  msMax: number,
  stopped: AbortSignal,
): Promise<Buffer | 'end' | 'gone' | HttpError> {
  if (stopped.aborted) return Promise.resolve(closing());
  if (incoming.readableEnded) return Promise.resolve('end');
  if (incoming.destroyed) return Promise.resolve('gone');
  return new Promise((resolve) => {
    const settle = (found: Buffer | 'end' | 'gone' | HttpError) => {
      incoming.pause();
      incoming.off('data', settle).off('end', onEnd).off('close', onClose);
      stopped.removeEventListener('abort', onStop);
      clearTimeout(late);
      resolve(found);
    };
    const onEnd = () => settle('end');
    const onClose = () => settle('gone');
    const onStop = () => settle(closing());
    const late = setTimeout(() => settle(tooLate(WHAT)), msMax);
    stopped.addEventListener('abort', onStop);
    incoming.on('data', settle).on('end', onEnd).on('close', onClose).resume();
  });
}

function closing(): HttpError {
  return new HttpError(
    503,
    'closed',
    'the server is closing; this line and those after it are not answered, send them again',
  );
}
