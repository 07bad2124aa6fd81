/**
 * LanceDB in this process, its files in the temporary directory: all query vectors in one query, no index on the
 * embeddings, one on the shop numbers (six times slower without it). Not installed with the others: what it depends on
 * takes half a gigabyte.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peerPackage } from './peer-package.ts';
import { unitRow, type OpenPeers } from './peer.ts';

interface LanceDb {
  readonly connect: (directory: string) => Promise<Connection>;
}

interface Connection {
  createTable(name: string, shops: readonly object[]): Promise<Table>;
  close(): void;
}

interface Table {
  createIndex(column: string): Promise<void>;
  query(): { nearestTo(vector: Float32Array): Query };
}

interface Query {
  addQueryVector(vector: Float32Array): Query;
  distanceType(type: 'dot'): Query;
  bypassVectorIndex(): Query;
  where(condition: string): Query;
  select(columns: readonly string[]): Query;
  limit(count: number): Query;
  toArrow(): Promise<{ getChild(column: string): { toArray(): Iterable<number> } | null }>;
}

const INSTALL = 'npm install --no-save --ignore-scripts --prefix bench/peers @lancedb/lancedb@0.39.0';

export const openLanceDbPeers: OpenPeers = async (town) => {
  // One thread as everybody here; read when the package is loaded.
  process.env['LANCE_CPU_THREADS'] ??= '1';
  const lanceDb = await peerPackage<LanceDb>('@lancedb/lancedb').catch((error: unknown) => {
    throw new Error(`not installed with the others, since it takes half a gigabyte; ${INSTALL}`, {
      cause: error,
    });
  });
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const connection = await lanceDb.connect(directory);
  const shops = Array.from({ length: town.shopCount }, (_, ordinal) => ({
    shop_no: ordinal,
    embedding: unitRow(town, ordinal),
  }));
  const table = await connection.createTable('shops', shops);
  await table.createIndex('shop_no');
  return [
    {
      name: 'LanceDB',
      async: true,
      async rank({ candidates, queries: [first, ...others], k }) {
        let query = table.query().nearestTo(first!);
        for (const other of others) query = query.addQueryVector(other);
        const answer = await query
          .distanceType('dot')
          .bypassVectorIndex()
          .where(`shop_no IN (${candidates.join()})`)
          .select(['shop_no', '_distance'])
          .limit(k)
          .toArrow();
        return () => {
          const shopNumbers = [...answer.getChild('shop_no')!.toArray()];
          // With one query vector there is no such column.
          const actions = [...(answer.getChild('query_index')?.toArray() ?? shopNumbers.map(() => 0))];
          return [first, ...others].map((_, n) => shopNumbers.filter((_shop, at) => actions[at] === n));
        };
      },
      close() {
        connection.close();
        rmSync(directory, { recursive: true, force: true });
      },
    },
  ];
};
