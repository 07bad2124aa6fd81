/** `POST /v1/actions`: records what users did and were shown, as one JSON body or as a line of JSON per action. */
import { z } from 'zod';
import type { IncomingMessage } from 'node:http';
import { validate } from '../base/validate.ts';
import { ActionInputSchema, type ActionInput } from '../domain/action.ts';
import { IMPRESSION } from '../domain/impression.ts';
import type { Engine } from '../engine/engine.ts';
import { encodeAnswerId, hashOfVersion } from '../recommender/answer-id.ts';
import { mediaType, NDJSON_TYPE, parseJson, readText } from './body.ts';
import { accepted, BODY_FAILURES, responses, type Operation } from './operation.ts';
import type { Route } from './route.ts';

const JSON_TYPE = 'application/json';

const ActionsSchema = z.array(ActionInputSchema.meta({ id: 'ActionInput' }));
const ActionsBodySchema = z.union([z.strictObject({ actions: ActionsSchema }), ActionsSchema]);
/** The envelope alone: what is in it is checked by the engine. */
const EnvelopeSchema = z.strictObject({
  actions: z.array(z.unknown(), { error: 'must be an array of actions' }),
});
const RecordedSchema = z
  .strictObject({
    accepted: z.number().meta({ description: 'actions that are on disk now' }),
    duplicates: z.number().meta({ description: 'actions that already were, by their id' }),
  })
  .meta({ id: 'Recorded' });

const SEARCH: ActionInput = {
  id: 'example-1',
  userId: 'example',
  type: 'search',
  keyword: '짜장면',
  at: '2026-11-22T12:00:00Z',
};
const VIEW: ActionInput = {
  id: 'example-2',
  userId: 'example',
  type: 'view',
  shopId: 's42',
  at: '2026-11-22T12:01:00Z',
};
const SHOWN_AT_MS = Date.parse('2026-11-22T12:01:30Z');
const SHOWN: ActionInput = {
  id: 'example-3',
  userId: 'example',
  type: IMPRESSION,
  answerId: encodeAnswerId({
    versionHash: hashOfVersion('2026-11-22'),
    requestHash: 0,
    atMs: SHOWN_AT_MS,
    actionsUntilMs: SHOWN_AT_MS,
    impressionsUntilMs: SHOWN_AT_MS,
    step: 'actions',
    widenings: 0,
    earlier: [],
    shown: [4, 8, 15],
  }),
  at: '2026-11-22T12:01:30Z',
};
const SHOWN_ALONE: ActionInput = {
  id: 'example-4',
  userId: 'example',
  type: IMPRESSION,
  shopId: 's42',
  at: '2026-11-22T12:02:00Z',
};

export type RecordActions = Route<'POST /v1/actions', typeof RecordedSchema, typeof ActionsBodySchema>;

export function recordActions(engine: Engine, bodyBytesMax: number): Operation<RecordActions> {
  return {
    document: {
      operationId: 'recordActions',
      summary: 'Record what users did and were shown; effective with the next recommendation',
      description:
        'Answers when every action is on disk. An action with an id may be sent again: it is stored once. ' +
        'What an answer showed is an action of the type `impression` about its `answerId`, or about one `shopId`. The shops ' +
        'are stored by id, so an `answerId` is good while its version is loaded: the active one and, until a restart, the ' +
        'one before. Later it is refused with 422, and all that was sent with it; but an impression that is stored already ' +
        'is a duplicate by its id even then, without a look at its shops. ' +
        'Log shippers send a bare JSON array or NDJSON; in errors, `actions[2]` is then the third action. ' +
        'With Fluent Bit set `format json`, `json_date_key at` and `json_date_format iso8601`.',
      request: {
        body: {
          required: true,
          content: {
            [JSON_TYPE]: {
              schema: ActionsBodySchema,
              examples: examples({ actions: [SEARCH, VIEW] }, { actions: [SHOWN, SHOWN_ALONE] }),
            },
            [NDJSON_TYPE]: {
              schema: z.string().meta({ description: 'an action per line' }),
              examples: examples(linesOf([SEARCH, VIEW]), linesOf([SHOWN, SHOWN_ALONE])),
            },
          },
        },
      },
      responses: responses(202, 'The actions are on disk.', RecordedSchema, [...BODY_FAILURES, 409, 503]),
    },
    handle: async ({ env }) => {
      const actions = await readActions(env.incoming, bodyBytesMax);
      return accepted<typeof RecordedSchema>(await engine.record(actions as readonly ActionInput[]));
    },
  };
}

function examples(did: object | string, shown: object | string) {
  return {
    example: { summary: 'What a user did', value: did },
    impressions: { summary: 'What a user was shown: the shops of an answer, and one shop', value: shown },
  };
}

function linesOf(actions: readonly ActionInput[]): string {
  return actions.map((action) => `${JSON.stringify(action)}\n`).join('');
}

async function readActions(incoming: IncomingMessage, bodyBytesMax: number): Promise<readonly unknown[]> {
  const type = mediaType(incoming, [JSON_TYPE, NDJSON_TYPE]);
  const text = await readText(incoming, bodyBytesMax);
  if (type === NDJSON_TYPE) return parseLines(text);
  const body = parseJson(text, 'the body');
  return Array.isArray(body) ? body : validate(EnvelopeSchema, body).actions;
}

/** One JSON value per line; empty lines do not count. */
function parseLines(text: string): unknown[] {
  const values: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') values.push(parseJson(line, `line ${index + 1}`));
  }
  return values;
}
