/**
 * Server-sent events on one connection, written as https://html.spec.whatwg.org/multipage/server-sent-events.html says.
 * Beside what is on its way it holds one event at most: whoever sends looks first whether the last one is `taken`.
 */
import type { Env } from './operation.ts';
import { endWhenStopped, UNBUFFERED } from './streaming.ts';

export const EVENT_STREAM_TYPE = 'text/event-stream';
/** As the standard advises; common proxies drop a connection that has been silent for 60 s. */
export const HEARTBEAT_MS = 15_000;
const HEARTBEAT = Buffer.from(':\n\n');

export class EventStream {
  readonly response: Response;
  readonly #controller: ReadableStreamDefaultController<Uint8Array>;
  #heartbeat: NodeJS.Timeout | undefined;
  #eventCount = 0;
  #ended = false;

  /** `onTaken` is called when the reader can be sent more, `onClosed` once when the connection is gone. */
  constructor(connection: Env['Bindings'], stopped: AbortSignal, onTaken: () => void, onClosed: () => void) {
    const { outgoing } = connection;
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
      },
      pull: onTaken,
    });
    this.#controller = controller!;
    this.#beatLater();
    // An idle connection would hold the close of the server, and nobody needs this one after its stream.
    outgoing.shouldKeepAlive = false;
    outgoing.on('close', () => {
      this.#stop();
      onClosed();
    });
    endWhenStopped(connection, stopped, () => {
      if (this.#ended) return;
      this.#stop();
      this.#controller.close();
    });
    this.response = new Response(body, {
      status: 200,
      headers: { 'content-type': EVENT_STREAM_TYPE, ...UNBUFFERED },
    });
  }

  /** Whether the reader has taken everything that was sent, so that it can be sent more. */
  get taken(): boolean {
    return !this.#ended && (this.#controller.desiredSize ?? 0) > 0;
  }

  /** `data` must be one line. To be called only where `taken`. */
  send(event: string, data: string): void {
    this.#eventCount++;
    this.#controller.enqueue(Buffer.from(`id: ${this.#eventCount}\nevent: ${event}\ndata: ${data}\n\n`));
    this.#beatLater();
  }

  #beatLater(): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => {
      if (this.taken) this.#controller.enqueue(HEARTBEAT);
      this.#beatLater();
    }, HEARTBEAT_MS);
  }

  #stop(): void {
    this.#ended = true;
    clearTimeout(this.#heartbeat);
  }
}
