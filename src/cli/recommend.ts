/** `doorrank recommend`: one answer of an engine, as a table or as the body of `POST /v1/recommendations`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { openEngine, type Engine } from '../engine/engine.ts';
import { LIMIT_DEFAULT, LIMIT_MAX } from '../recommender/request-bounds.ts';
import { actionText } from '../recommender/explanation.ts';
import type { Reason, Recommendation, RecommendedShop } from '../recommender/recommendation.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { readJsonFile, readNdjsonFile } from './json-file.ts';
import { readJson, readNumber, readPath, readText, storeOption } from './option-values.ts';
import { plainTable } from './plain-table.ts';
import { pointerBeside } from './pointer-beside.ts';

const OPEN_ONLY = { true: true, false: false, known: 'known' } as const;

type RequestActions = NonNullable<RecommendRequest['actions']>;

interface RecommendOptions {
  readonly store: string;
  readonly version?: string;
  readonly lon: number;
  readonly lat: number;
  readonly actions?: string;
  readonly user?: string;
  readonly data?: string;
  readonly radiusMeters?: number;
  readonly limit?: number;
  readonly filter?: RecommendRequest['filter'];
  readonly at?: string;
  readonly openFor?: number;
  readonly openOnly?: 'true' | 'false' | 'known';
  readonly with?: Partial<RecommendRequest>;
  readonly why?: string;
  readonly json?: true;
}

export function recommendCommand(program: Command): void {
  // Both options add to one list, so that it keeps the order in which they were given.
  const given: RequestActions = [];
  program
    .command('recommend')
    .description('answer one request; a table, or with --json the body of POST /v1/recommendations')
    .addOption(storeOption().makeOptionMandatory())
    .option('--version <name>', 'version in the store (default: the active one)', readText)
    .requiredOption('--lon <degrees>', 'longitude to deliver to, -180..180', readNumber)
    .requiredOption('--lat <degrees>', 'latitude to deliver to, -90..90', readNumber)
    .addOption(
      new Option(
        '--keyword <text>',
        'a search; may be repeated, the last action given is the newest',
      ).argParser((keyword: string) => given.push({ type: 'search', keyword: readText(keyword) })),
    )
    .addOption(
      new Option('--shop <id>', 'a viewed shop; may be repeated and mixed with --keyword').argParser(
        (shopId: string) => given.push({ type: 'view', shopId: readText(shopId) }),
      ),
    )
    .addOption(
      new Option(
        '--actions <file>',
        'actions as .json (an array) or .ndjson, as POST /v1/recommendations takes them',
      )
        .argParser(readPath)
        .conflicts(['keyword', 'shop', 'user']),
    )
    .addOption(
      new Option('--user <id>', 'take the recorded actions of this user; needs --data')
        .argParser(readText)
        .conflicts(['keyword', 'shop']),
    )
    .option('--data <directory>', 'directory of the recorded actions; no server may have it open', readPath)
    .option(
      '--radius-meters <meters>',
      "no shops farther than this (default: the shops' own zones decide)",
      readNumber,
    )
    .option(
      '--limit <number>',
      `shops in the answer, 1..${LIMIT_MAX} (default: ${LIMIT_DEFAULT})`,
      readNumber,
    )
    .option(
      '--filter <json>',
      'conditions on columns as POST /v1/recommendations takes them, such as {"price":{"max":15000}}',
      readJson,
    )
    .option(
      '--at <instant>',
      'the moment to answer for, such as 2026-11-22T12:00:00Z (default: now)',
      readText,
    )
    .option(
      '--open-for <minutes>',
      'shops that stay open that long from then on, 0..1440 (default: 0)',
      readNumber,
    )
    .addOption(
      new Option(
        '--open-only <which>',
        'true: open shops and those of unknown hours; known: open shops; false: closed ones too (default: true)',
      ).choices(['true', 'false', 'known']),
    )
    .option(
      '--with <json>',
      'more of the request as POST /v1/recommendations takes it, such as {"diversity":{"maxPer":{"category":2}}}',
      readJson,
    )
    .option('--why <shop id>', 'explain this shop: where it stands, or what keeps it out', readText)
    .option('--json', 'print the answer as JSON')
    .addHelpText(
      'after',
      `
Without any action the answer is ordered by popularity.

Example:
  doorrank recommend --store ./store --lon 126.9784 --lat 37.5667 --keyword 짜장면 --shop s42 --limit 5`,
    )
    .action((options: RecommendOptions, command: Command) => runRecommend(options, given, command));
}

async function runRecommend(
  options: RecommendOptions,
  given: RequestActions,
  command: Command,
): Promise<void> {
  if ((options.user === undefined) !== (options.data === undefined)) {
    command.error(
      'error: --user and --data belong together: a user, and the directory of the recorded actions',
    );
  }
  const request = requestOf(options, given, command);
  const { why } = options;
  if (why !== undefined) {
    const explained = await withEngine(options, (engine) => engine.explain({ request, shopId: why }));
    console.log(options.json ? JSON.stringify(explained) : `${explained.shopId}: ${explained.text}`);
    return;
  }
  await withEngine(options, async (engine) => {
    const answer = await engine.recommend(request);
    if (options.json) return console.log(JSON.stringify(answer));
    const isEmpty = answer.shops.length === 0;
    console.log(isEmpty ? await nothingText(engine, request, answer) : answerText(answer));
  });
}

function requestOf(options: RecommendOptions, given: RequestActions, command: Command): RecommendRequest {
  const { version, lon, lat, user, radiusMeters, limit, filter, at, openFor } = options;
  const openOnly = options.openOnly && OPEN_ONLY[options.openOnly];
  const basis = user === undefined ? { actions: actionsOf(options.actions, given) } : { userId: user };
  const location = { lon, lat };
  const said = { ...basis, location, radiusMeters, limit, filter, at, openFor, openOnly, version };
  const more = options.with ?? {};
  const isSaid = (value: unknown): boolean =>
    value !== undefined && !(Array.isArray(value) && value.length === 0);
  const twice = Object.keys(more).find((name) => isSaid((said as Record<string, unknown>)[name]));
  if (twice !== undefined) {
    command.error(`error: --with names ${twice}, which an option of its own says too; leave one out`);
  }
  return { ...said, ...more };
}

/** The engine checks what the file holds, as it checks the body of a request. */
function actionsOf(path: string | undefined, given: RequestActions): RequestActions {
  if (path === undefined) return given.toReversed(); // the newest first, as the engine reads actions of one age
  if (path.endsWith('.json')) return readJsonFile(path) as RequestActions;
  if (path.endsWith('.ndjson')) return readNdjsonFile(path) as RequestActions;
  throw new EngineError('input_invalid', `${path} must end in .json or .ndjson to be read as actions`);
}

/** Without `data` the engine gets a directory of its own, so that a server may own the recorded actions meanwhile. */
async function withEngine<T>(
  { store: directory, version, data }: RecommendOptions,
  ask: (engine: Engine) => Promise<T>,
): Promise<T> {
  const own = mkdtempSync(join(tmpdir(), 'doorrank-'));
  try {
    const store =
      version === undefined
        ? directory
        : pointerBeside(SnapshotStore.open(directory).pathOf(version), version, join(own, 'store'));
    const engine = await openEngine(
      { store, data: data ?? join(own, 'data'), threads: 0, storePollMs: 0 },
      { nowMs: Date.now },
    );
    try {
      return await ask(engine);
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(own, { recursive: true });
  }
}

function answerText(answer: Recommendation): string {
  const head = ['rank', 'shop id', 'name', 'score', 'meters', 'best reason'];
  const rows = answer.shops.map((shop, i) => rowOf(shop, i + 1));
  return `${summaryOf(answer)}\n\n${plainTable(head, rows)}`;
}

function summaryOf({ version, basis, candidateCount, similarityCount, tookMs }: Recommendation): string {
  return (
    `version ${version}, basis ${basis}, ${candidateCount} candidates, ` +
    `${similarityCount} similarities, ${tookMs.total.toFixed(2)} ms`
  );
}

/** Why an answer holds nothing: asks once more for closed shops too. */
async function nothingText(
  engine: Engine,
  request: RecommendRequest,
  answer: Recommendation,
): Promise<string> {
  const { location, radiusMeters, filter, openOnly, openFor } = request;
  const within = radiusMeters === undefined ? '' : ` within ${radiusMeters} m`;
  const shop = openOnly === false ? 'shop' : 'open shop';
  const passing = filter === undefined ? '' : ' that passes the filter';
  const nothing = `No ${shop}${passing} delivers to lon ${location.lon}, lat ${location.lat}${within}.`;
  const said = `${summaryOf(answer)}\n\n${nothing}`;
  if (openOnly === false || request.after !== undefined) return said; // a page belongs to the request before it
  const { candidateCount } = await engine.recommend({ ...request, openOnly: false, limit: 1 });
  const leftOut = candidateCount - answer.candidateCount;
  if (leftOut === 0) return said;
  const moment = request.at === undefined ? 'now' : 'then';
  const state =
    openFor === undefined ? `closed ${moment}` : `not open from ${moment} on for ${openFor} minutes`;
  const unknown = openOnly === 'known' ? ', or of unknown hours' : '';
  return `${said}\n${leftOut} that are ${state}${unknown} do; --open-only false shows them.`;
}

function rowOf(
  { shopId, name, score, distanceMeters, reasons }: RecommendedShop,
  rank: number,
): (string | number)[] {
  return [
    rank,
    shopId,
    name ?? '',
    score.toPrecision(4),
    Math.round(distanceMeters),
    bestReasonText(reasons ?? []),
  ];
}

/** The reason that adds most to the score. Signals are not ranked by every method. */
function bestReasonText(reasons: readonly Reason[]): string {
  const [best] = reasons.toSorted((a, b) => b.share - a.share);
  if (best === undefined) return '';
  const rank = best.rank === null ? [] : [`rank ${best.rank}`];
  if ('signal' in best) return [`${best.signal} ${valueText(best.value)}`, ...rank].join(': ');
  const about = 'vector' in best ? `vector ${best.vector}` : actionText(best.action);
  return `${about}: ${[...rank, `similarity ${best.similarity.toFixed(3)}`].join(', ')}`;
}

function valueText(value: number | null): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(4)));
}
