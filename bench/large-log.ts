/**
 * Writes a large synthetic log, for runs of the command line at scale: `npx node bench/large-log.ts DIRECTORY [options]`.
 *
 *   shops.csv                                    10,000 shops
 *   ndjson/actions.ndjson                        1,000,000 actions of 50,000 users
 *   parquet/day=2026-11-01/actions.parquet …     the same actions, as `doorrank export` writes them
 *   next-day.ndjson, next-day.parquet            what the same users did in the 24 hours after them
 *   locations.csv                                where every user lives
 *
 * The same options write the same bytes.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ParquetTable } from '../src/base/parquet-table.ts';
import { writeLines } from '../src/base/write-lines.ts';
import type { Action } from '../src/domain/action.ts';
import { syntheticTown } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    actions: { type: 'string', default: '1000000' },
    users: { type: 'string', default: '50000' },
    shops: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '7' },
  },
});
const directory = positionals[0] ?? '.';
const actionCount = Number(values.actions);
const DAY_MS = 86_400_000;
const GROUP_ROWS = 50_000;
const COLUMNS = { userId: 'text', type: 'text', keyword: 'text?', shopId: 'text?', at: 'instant' } as const;

const town = syntheticTown({
  seed: Number(values.seed),
  shopCount: Number(values.shops),
  userCount: Number(values.users),
  actionCount: Number.MAX_SAFE_INTEGER,
});
writeTown({ ...town, actions: () => [] }, directory);
mkdirSync(path.join(directory, 'ndjson'), { recursive: true });
writeLines(path.join(directory, 'locations.csv'), locationLines());

const actions = town.actions()[Symbol.iterator]();
let lastMs = 0;
writeLines(path.join(directory, 'ndjson', 'actions.ndjson'), lines(some(actionCount), 'parquet'));
const endMs = lastMs + DAY_MS;
writeLines(path.join(directory, 'next-day.ndjson'), lines(until(endMs), null));

/** The next `count` actions. */
function* some(count: number): Generator<Action> {
  for (let made = 0; made < count; made++) yield actions.next().value!;
}

/** The next actions before `endsMs`. */
function* until(endsMs: number): Generator<Action> {
  for (;;) {
    const action = actions.next().value!;
    if (action.atMs >= endsMs) return;
    yield action;
  }
}

/** Lines of NDJSON; each action goes into a table of its day below `folder` too, or else into that of the next day. */
function* lines(from: Iterable<Action>, folder: string | null): Generator<string> {
  let [day, table] = ['', undefined as ParquetTable | undefined];
  for (const { id, userId, type, keyword, shopId, atMs } of from) {
    lastMs = atMs;
    const at = new Date(atMs).toISOString();
    const file = folder === null ? 'next-day.parquet' : `${folder}/day=${at.slice(0, 10)}/actions.parquet`;
    if (file !== day) {
      table?.finish();
      mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
      table = new ParquetTable(path.join(directory, file), COLUMNS, GROUP_ROWS);
      day = file;
    }
    table!.add(userId, type, keyword ?? null, shopId ?? null, atMs);
    yield JSON.stringify({ id, userId, type, keyword, shopId, at });
  }
  table?.finish();
}

function* locationLines(): Generator<string> {
  yield 'userId,lon,lat';
  for (const { userId, home } of town.users()) yield `${userId},${home.lon},${home.lat}`;
}
