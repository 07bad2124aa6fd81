/**
 * Reads the bodies of requests: at most so many bytes in so much time, of a content type that is read here, UTF-8, JSON.
 * The framework under it would take any size and turn invalid UTF-8 into U+FFFD.
 */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.ts';

export const NDJSON_TYPE = 'application/x-ndjson';

/**
 * What is read as one may take so long to arrive: a body, or a line of a body that is read by lines. Node's own
 * timeout knows only whole requests and would cut a body that is long because it is answered while it arrives.
 */
export const ARRIVAL_MS_MAX = 30_000;

/** Throws on invalid bytes; drops one byte order mark. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON value in the body of a request that must say `application/json`. */
export async function readJson(incoming: IncomingMessage, bytesMax: number): Promise<unknown> {
  mediaType(incoming, ['application/json']);
  return parseJson(await readText(incoming, bytesMax), 'the body');
}

/** The content type of the body without its parameters, which must be one of `expected`. */
export function mediaType<T extends string>(incoming: IncomingMessage, expected: readonly T[]): T {
  const { 'content-type': found, 'content-encoding': encoding } = incoming.headers;
  if (encoding !== undefined && encoding !== 'identity') {
    throw unsupported(`the content-encoding ${encoding} is not read here; send the body as it is`);
  }
  if (found === undefined) throw unsupported(`the content-type is missing; send ${expected.join(' or ')}`);
  const [essence, ...parameters] = found.toLowerCase().split(';').map(trimmed);
  const known = expected.find((type) => type === essence);
  if (known === undefined) {
    throw unsupported(`the content-type is ${essence}; send ${expected.join(' or ')}`);
  }
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice(8);
  if (charset !== undefined && !['utf-8', '"utf-8"', 'utf8'].includes(charset)) {
    throw unsupported(`the charset is ${charset}; send UTF-8`);
  }
  return known;
}

/** The body as text. Refuses it as soon as more than `bytesMax` bytes are announced or have arrived. */
export async function readText(incoming: IncomingMessage, bytesMax: number): Promise<string> {
  return decodeText(await readBytes(incoming, bytesMax), 'the body');
}

/** `what` names the bytes in the error: the body, or a line of it. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(`${what} is not UTF-8; encode it as UTF-8`);
  }
}

/** `what` names the text in the error: the body, or a line of it. */
export function parseJson(text: string, what: string): unknown {
  if (text.trim() === '') throw malformed(`${what} is empty, expected JSON`);
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 counts lines from the text it was given, which is one line for a line of NDJSON.
    const fault = (error as SyntaxError).message.replace(/ \(line 1 column \d+\)$/, '');
    throw malformed(`${what} is not JSON: ${fault}`);
  }
}

function readBytes(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) {
      reject(tooLarge('the body', bytesMax));
      return;
    }
    const late = setTimeout(() => reject(tooLate('the body')), ARRIVAL_MS_MAX);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      // The rest goes on being read and dropped while the refusal is sent: closing on unread bytes resets the
      // connection, and the caller would see that instead of the refusal. node-server ends it after 500 ms.
      chunks.length = 0;
      reject(tooLarge('the body', bytesMax));
    });
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    incoming.on('error', () => reject(cutShort()));
    // It closes after every body; making an error for each of them would cost more than reading it.
    incoming.on('close', () => {
      clearTimeout(late);
      if (!incoming.readableEnded) reject(cutShort());
    });
  });
}

function trimmed(text: string): string {
  return text.trim();
}

function malformed(message: string): HttpError {
  return new HttpError(400, 'malformed', message);
}

function unsupported(message: string): HttpError {
  return new HttpError(415, 'unsupported_content_type', message);
}

/** `what` has too many bytes: the body, or a line of it. */
export function tooLarge(what: string, bytesMax: number): HttpError {
  return new HttpError(
    413,
    'too_large',
    `${what} has more than ${bytesMax} bytes, the most this route reads; send less at a time`,
  );
}

/** `what` did not arrive in time: the body, or a line of it. */
export function tooLate(what: string): HttpError {
  return new HttpError(
    408,
    'too_late',
    `${what} did not arrive within ${ARRIVAL_MS_MAX / 1000} s; send it without pauses`,
  );
}

/** Nobody is left to hear it; the status only shows in the metrics. */
function cutShort(): HttpError {
  return malformed('the connection closed before the body was complete');
}
