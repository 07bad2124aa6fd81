/**
 * pgvector, exact: no index on the embeddings, one prepared statement and one round trip for all query vectors.
 * As teams write it today, with one branch per action; and as it is fastest, the candidates' rows found once and
 * inner product instead of cosine.
 */
import { peerPackage } from './peer-package.ts';
import { unitRow, vectorText, type OpenPeers, type Peer, type PeerTown } from './peer.ts';

interface Pg {
  readonly Client: new (options: { readonly connectionString: string }) => Client;
}

interface Client {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<unknown>;
  /** A statement with a name is prepared once. */
  query(statement: Statement): Promise<{ readonly rows: readonly (readonly [number, number])[] }>;
  end(): Promise<void>;
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
  readonly rowMode: 'array';
}

const TABLE = 'doorrank_bench_shops';
const ROWS_PER_INSERT = 1_000;

/** One thread as everybody here; compiling a plan costs more than it saves. */
const SESSION = 'SET max_parallel_workers_per_gather = 0; SET jit = off';

export const openPgvectorPeers: OpenPeers = async (town) => {
  const { PG_URL } = process.env;
  if (PG_URL === undefined) {
    throw new Error(
      'PG_URL is not set; PG_URL=postgres://user:password@host/database names a PostgreSQL with pgvector',
    );
  }
  const { Client } = await peerPackage<Pg>('pg');
  const client = new Client({ connectionString: PG_URL });
  await client.connect();
  try {
    await loadShops(client, town);
  } catch (error) {
    await client.end();
    throw error;
  }
  return [
    peerOf(client, 'pgvector', branchPerAction),
    {
      ...peerOf(client, 'pgvector, rows found once', rowsFoundOnce),
      // For both: they share the connection.
      async close() {
        await client.query(`DROP TABLE ${TABLE}`);
        await client.end();
      },
    },
  ];
};

async function loadShops(client: Client, town: PeerTown): Promise<void> {
  await client.query(SESSION);
  await client.query('CREATE EXTENSION IF NOT EXISTS vector');
  await client.query(`DROP TABLE IF EXISTS ${TABLE}`);
  await client.query(
    `CREATE TABLE ${TABLE} (shop_no integer PRIMARY KEY, embedding vector(${town.dimensions}) NOT NULL)`,
  );
  for (let start = 0; start < town.shopCount; start += ROWS_PER_INSERT) {
    const length = Math.min(ROWS_PER_INSERT, town.shopCount - start);
    const ordinals = Array.from({ length }, (_, i) => start + i);
    const embeddings = ordinals.map((ordinal) => vectorText(unitRow(town, ordinal)));
    await client.query(`INSERT INTO ${TABLE} SELECT * FROM unnest($1::integer[], $2::vector[])`, [
      ordinals,
      embeddings,
    ]);
  }
  await client.query(`VACUUM ANALYZE ${TABLE}`);
}

function peerOf(client: Client, name: string, textFor: (queryCount: number, k: number) => string): Peer {
  return {
    name,
    async: true,
    async rank({ candidates, queries, k }) {
      const { rows } = await client.query({
        name: `${name} ${queries.length} ${k}`,
        text: textFor(queries.length, k),
        values: [`{${candidates.join()}}`, ...queries.map(vectorText)],
        rowMode: 'array',
      });
      return () =>
        queries.map((_, n) => rows.filter(([action]) => action === n).map(([, shopNumber]) => shopNumber));
    },
  };
}

function branchPerAction(queryCount: number, k: number): string {
  return unionAll(
    queryCount,
    (n) =>
      `SELECT ${n} AS action, shop_no FROM ${TABLE} WHERE shop_no = ANY($1::integer[])
       ORDER BY embedding <=> $${n + 2}::vector LIMIT ${k}`,
  );
}

function rowsFoundOnce(queryCount: number, k: number): string {
  const branches = unionAll(
    queryCount,
    (n) =>
      `SELECT ${n} AS action, shop_no FROM candidates ORDER BY embedding <#> $${n + 2}::vector LIMIT ${k}`,
  );
  return `WITH candidates AS MATERIALIZED (SELECT * FROM ${TABLE} WHERE shop_no = ANY($1::integer[])) ${branches}`;
}

function unionAll(count: number, branch: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => `(${branch(n)})`).join(' UNION ALL ');
}
