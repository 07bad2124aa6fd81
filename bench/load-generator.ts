/**
 * An open-loop load generator for HTTP: requests are due at seeded random times (a Poisson process of a given rate),
 * whatever the server does, and the latency of each counts from when it was due. So a server that stalls is charged for
 * everyone who would have come meanwhile, which a closed loop forgets ("coordinated omission").
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Random } from '../src/base/random.ts';
import { timingOf, type Timing } from './timing.ts';

/** What is sent where, how often and for how long. */
export interface Load {
  readonly port: number;
  readonly path: string;
  /** JSON bodies, posted in turn. */
  readonly bodies: readonly string[];
  readonly seed: number;
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** Kept alive. A request that is due while all of them wait for answers goes out late, which its latency shows. */
  readonly connectionCount: number;
}

export interface LoadResult {
  /** From when requests were due to the last byte of their answers. */
  readonly timing: Timing;
  readonly sentCount: number;
  /** Answers that were not 200, or did not come. */
  readonly failedCount: number;
}

const HEAD_END = '\r\n\r\n';
/** What is not answered this long after the last request was due is given up. */
const PATIENCE_MS = 500;

export async function generateLoad(load: Load): Promise<LoadResult> {
  const requests = load.bodies.map((body) => requestText(load, body));
  const dueMs = arrivals(load);
  const connections = await Promise.all(
    Array.from({ length: load.connectionCount }, () => Connection.open(load.port)),
  );
  const free = [...connections];
  const latenciesMs: number[] = [];
  let okCount = 0;
  let sentCount = 0;
  const startMs = performance.now();
  const patienceEndMs = startMs + load.durationMs + PATIENCE_MS;
  while (latenciesMs.length < dueMs.length && performance.now() < patienceEndMs) {
    while (sentCount < dueMs.length && dueMs[sentCount]! <= performance.now() - startMs && free.length > 0) {
      const dueAtMs = startMs + dueMs[sentCount]!;
      const connection = free.pop()!;
      connection.ask(requests[sentCount++ % requests.length]!, (status) => {
        latenciesMs.push(performance.now() - dueAtMs);
        if (status === 200) okCount++;
        free.push(connection);
      });
    }
    // No timer is fine enough for arrivals every 0.3 ms, so this loop wants a core to itself.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const connection of connections) connection.close();
  return { timing: timingOf(latenciesMs), sentCount, failedCount: dueMs.length - okCount };
}

/** When each request is due, milliseconds after the beginning. */
function arrivals({ seed, requestsPerSecond, durationMs }: Load): number[] {
  const random = new Random(seed);
  const due: number[] = [];
  let atMs = 0;
  for (;;) {
    atMs += (-Math.log(1 - random.unit()) * 1_000) / requestsPerSecond;
    if (atMs >= durationMs) return due;
    due.push(atMs);
  }
}

function requestText({ path, port }: Load, body: string): string {
  return [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** One connection kept alive, with one request on its way at a time. Knows just enough HTTP to find where an answer ends. */
class Connection {
  readonly #socket: Socket;
  #onAnswer: (status: number) => void = () => {};
  #head = '';
  #status = 0;
  #bytesLeft = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).on('data', (chunk: Buffer) => this.#read(chunk));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  ask(request: string, onAnswer: (status: number) => void): void {
    this.#onAnswer = onAnswer;
    this.#head = '';
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#bytesLeft > 0) this.#bytesLeft -= chunk.length;
    else {
      this.#head += chunk.toString('latin1');
      const headEnd = this.#head.indexOf(HEAD_END);
      if (headEnd === -1) return;
      this.#status = Number(this.#head.slice(9, 12));
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(this.#head)![1]);
      this.#bytesLeft = length - (this.#head.length - headEnd - HEAD_END.length);
    }
    if (this.#bytesLeft === 0) this.#onAnswer(this.#status);
  }
}
