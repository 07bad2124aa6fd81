/** The files that lists go to, each there only once it is whole. */
import { FileAside } from '../base/file-aside.ts';
import { ParquetTable } from '../base/parquet-table.ts';
import type { TopList } from './list-block.ts';

export interface ListFile {
  add(list: TopList): void;
  finish(): void;
  /** Leaves nothing of a file that is not finished. */
  abandon(): void;
}

/** The id of a shop by its ordinal. */
type ShopIdOf = (ordinal: number) => string;

const TABLE_GROUP_ROWS = 50_000;
/** Of 100 shops each, as many texts as a group of the table has. */
const LISTS_GROUP_ROWS = 1_000;
const CHUNK_CHARACTERS = 1 << 20;

/** A row for every shop of every list: Parquet with `userId`, `rank` (from 1), `shopId`, `score` and `basis`. */
export function listTable(path: string, shopIdOf: ShopIdOf): ListFile {
  const columns = { userId: 'text', rank: 'int32', shopId: 'text', score: 'float64', basis: 'text' } as const;
  const table = new ParquetTable(path, columns, TABLE_GROUP_ROWS);
  return {
    add: ({ userId, basis, ordinals, scores }) =>
      ordinals.forEach((ordinal, i) => table.add(userId, i + 1, shopIdOf(ordinal), scores[i]!, basis)),
    finish: () => table.finish(),
    abandon: () => table.abandon(),
  };
}

/** A row for every list, `userId` and `shopIds`, as `snapshot build --user-lists` reads it: NDJSON, or Parquet by its name. */
export function userListFile(path: string, shopIdOf: ShopIdOf): ListFile {
  return path.toLowerCase().endsWith('.parquet')
    ? userListTable(path, shopIdOf)
    : userListLines(path, shopIdOf);
}

function userListTable(path: string, shopIdOf: ShopIdOf): ListFile {
  const table = new ParquetTable(path, { userId: 'text', shopIds: 'texts' }, LISTS_GROUP_ROWS);
  return {
    add: ({ userId, ordinals }) => table.add(userId, Array.from(ordinals, shopIdOf)),
    finish: () => table.finish(),
    abandon: () => table.abandon(),
  };
}

function userListLines(path: string, shopIdOf: ShopIdOf): ListFile {
  const file = new FileAside(path);
  let chunk = '';
  const writeChunk = (): void => {
    file.write(Buffer.from(chunk));
    chunk = '';
  };
  return {
    add: ({ userId, ordinals }) => {
      chunk += `${JSON.stringify({ userId, shopIds: Array.from(ordinals, shopIdOf) })}\n`;
      if (chunk.length >= CHUNK_CHARACTERS) writeChunk();
    },
    finish: () => {
      writeChunk();
      file.finish();
    },
    abandon: () => file.abandon(),
  };
}
