/**
 * `POST /v1/recommendations:batch`: a recommendation per line, in the order of the lines, streamed both ways.
 *
 *   lines ──► read ──► a few at a time, through the gate of all batches ──► engine ──► in order ──► answers
 *
 * Whoever does not take its answers stops the reading of its lines, so memory does not depend on the size of a batch.
 */
import { z } from 'zod';
import type { Log } from '../base/log.ts';
import type { Engine } from '../engine/engine.ts';
import type { RecommendRequest, RecommendRequestSchema } from '../recommender/request.ts';
import { mediaType, NDJSON_TYPE, parseJson } from './body.ts';
import { refusalOf } from './errors.ts';
import { Gate } from './gate.ts';
import { inOrder } from './in-order.ts';
import type { Metrics } from './metrics.ts';
import { responses, type Env, type Operation } from './operation.ts';
import { readLines, type Line } from './read-lines.ts';
import type { RecommendationSchema } from './recommendations.ts';
import type { Route } from './route.ts';
import { breakOff, endWhenStopped, UNBUFFERED } from './streaming.ts';

/** Lines of one batch that are read and whose answers are not taken yet. */
const LINES_IN_FLIGHT_MAX = 16;
/**
 * Lines of all batches together that may stand before another request: enough for workers to take several at once.
 * With 16 others waited 11 to 26 ms, with 32 24 to 60, with 8 8 to 24 (medians on 2 busy cores, 2,000 candidates); as
 * many lines were answered a second with each.
 */
export const LINES_IN_ENGINE_MAX = 8;
/** Where lines run on the calling thread, others come between after so much of them. */
const TURN_MS_MAX = 1;

const EXAMPLE = [
  { actions: [{ type: 'search', keyword: '짜장면' }], location: { lon: 126.9784, lat: 37.5667 }, limit: 3 },
  { userId: 'example', location: { lon: 126.98, lat: 37.57 }, openOnly: false, explain: false },
] satisfies RecommendRequest[];

export type RecommendBatch = Route<
  'POST /v1/recommendations:batch',
  typeof RecommendationSchema,
  typeof RecommendRequestSchema
>;

export interface BatchContext {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Largest line, bytes. */
  readonly bodyBytesMax: number;
  /** Aborted when what runs has to end. */
  readonly stopped: AbortSignal;
}

export function recommendBatch(engine: Engine, context: BatchContext): Operation {
  const gate = new Gate(LINES_IN_ENGINE_MAX, TURN_MS_MAX);
  return {
    document: {
      operationId: 'recommendBatch',
      summary: 'Answer many recommendations, a line each, while they arrive',
      description:
        'Each line is a body of `POST /v1/recommendations`, and each that is not empty is answered in its place: by ' +
        'what that route would answer, or by its `Error`, whose message begins with the number of the line. Any ' +
        'number of lines; each as large as a body may be, and each within 30 s of when the server waits for it. The ' +
        'first answers leave while later lines arrive: read them while you send, for the server stops reading when ' +
        'its answers are not taken. Where it cannot go on, the last line says so and the transfer breaks off.',
      request: {
        body: {
          required: true,
          content: {
            [NDJSON_TYPE]: {
              schema: z.string().meta({ description: 'a `RecommendRequest` per line' }),
              example: ndjson(EXAMPLE),
            },
          },
        },
      },
      responses: responses(
        200,
        'An answer per line, in the order of the lines.',
        z.string().meta({ description: 'a `Recommendation` or an `Error` per line' }),
        [403, 415],
        NDJSON_TYPE,
      ),
    },
    handle: ({ env }) => {
      mediaType(env.incoming, [NDJSON_TYPE]);
      endWhenStopped(env, context.stopped);
      const lines = readLines(env.incoming, context.bodyBytesMax, context.stopped);
      const answers = inOrder(
        lines,
        (line) =>
          gate.pass(async () => (env.outgoing.destroyed ? NOTHING : answerLine(engine, line, context))),
        LINES_IN_FLIGHT_MAX,
      );
      return new Response(bodyOf(answers, env), {
        status: 200,
        headers: { 'content-type': NDJSON_TYPE, ...UNBUFFERED },
      });
    },
  };
}

/** The answers as they are taken. If not all lines were read the end is cut off, so that nobody takes it for whole. */
function bodyOf(answers: AsyncGenerator<Buffer, boolean>, env: Env['Bindings']): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await answers.next();
        if (done !== true) controller.enqueue(value);
        else if (value) controller.close();
        else breakOff(env);
      },
    },
    { highWaterMark: 0 },
  );
}

async function answerLine(engine: Engine, line: Line, { log, metrics }: BatchContext): Promise<Buffer> {
  try {
    if ('fault' in line) throw line.fault;
    const json = await engine.recommendJson(parseJson(line.text, 'the line') as RecommendRequest);
    metrics.lineAnswered(200);
    return typeof json === 'string' ? Buffer.from(`${json}\n`) : Buffer.concat([json, LINE_END]);
  } catch (error) {
    const { status, body } = refusalOf(error, log);
    metrics.lineAnswered(status);
    const message = `line ${line.number}: ${body.error.message}`;
    return Buffer.from(ndjson([{ error: { ...body.error, message } }]));
  }
}

const LINE_END = Buffer.from('\n');
/** The answer that nobody is left to hear. */
const NOTHING = Buffer.alloc(0);

function ndjson(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
