/**
 * sqlite-vec in better-sqlite3, all in memory: one prepared statement, run for each query vector.
 * Of the ways to name the candidates the fastest: `IN` with a list or parameters took 1.2 to 1.6 times as long, the vec0 virtual
 * table reads every row of the town.
 */
import Database from 'better-sqlite3';
import { peerPackage } from './peer-package.ts';
import { unitRow, type OpenPeers } from './peer.ts';

interface SqliteVec {
  load(database: Database.Database): void;
}

export const openSqliteVecPeers: OpenPeers = async (town) => {
  const sqliteVec = await peerPackage<SqliteVec>('sqlite-vec');
  const database = new Database(':memory:');
  sqliteVec.load(database);
  database.exec('CREATE TABLE shops (shop_no INTEGER PRIMARY KEY, embedding BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO shops VALUES (?, ?)');
  database.transaction(() => {
    for (let ordinal = 0; ordinal < town.shopCount; ordinal++) {
      insert.run(ordinal, bytesOf(unitRow(town, ordinal)));
    }
  })();
  const nearest = database
    .prepare<[string, Buffer, number], number>(
      `SELECT shop_no FROM json_each(?) AS candidate CROSS JOIN shops ON shop_no = candidate.value
       ORDER BY vec_distance_cosine(embedding, ?) LIMIT ?`,
    )
    .pluck();
  return [
    {
      name: 'sqlite-vec',
      async: false,
      rank({ candidates, queries, k }) {
        const shopNumbers = `[${candidates.join()}]`;
        const rankings = queries.map((query) => nearest.all(shopNumbers, bytesOf(query), k));
        return () => rankings;
      },
      close() {
        database.close();
      },
    },
  ];
};

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
