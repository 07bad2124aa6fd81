/** DuckDB in this process and in memory, on one thread: the candidates' rows found once, one branch per action. */
import { peerPackage } from './peer-package.ts';
import { unitRow, vectorText, type OpenPeers } from './peer.ts';

interface DuckDb {
  readonly DuckDBInstance: {
    create(file: string, options: Readonly<Record<string, string>>): Promise<Instance>;
  };
}

interface Instance {
  connect(): Promise<Connection>;
  closeSync(): void;
}

interface Connection {
  run(sql: string): Promise<unknown>;
  createAppender(table: string): Promise<Appender>;
  prepare(sql: string): Promise<Statement>;
  closeSync(): void;
}

interface Appender {
  appendInteger(value: number): void;
  appendVarchar(value: string): void;
  endRow(): void;
  closeSync(): void;
}

interface Statement {
  bindVarchar(at: number, value: string): void;
  run(): Promise<{ getColumnsJS(): Promise<readonly (readonly number[])[]> }>;
}

export const openDuckDbPeers: OpenPeers = async (town) => {
  const { DuckDBInstance } = await peerPackage<DuckDb>('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const vectorType = `FLOAT[${town.dimensions}]`;
  await connection.run('CREATE TABLE texts (shop_no INTEGER, embedding VARCHAR)');
  const appender = await connection.createAppender('texts');
  for (let ordinal = 0; ordinal < town.shopCount; ordinal++) {
    appender.appendInteger(ordinal);
    appender.appendVarchar(vectorText(unitRow(town, ordinal)));
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(`CREATE TABLE shops (shop_no INTEGER PRIMARY KEY, embedding ${vectorType})`);
  await connection.run(`INSERT INTO shops SELECT shop_no, embedding::${vectorType} FROM texts`);
  await connection.run('DROP TABLE texts');

  const statements = new Map<string, Promise<Statement>>();
  function statementFor(queryCount: number, k: number): Promise<Statement> {
    const key = `${queryCount} ${k}`;
    const statement = statements.get(key) ?? connection.prepare(sqlFor(queryCount, k, vectorType));
    statements.set(key, statement);
    return statement;
  }

  return [
    {
      name: 'DuckDB',
      async: true,
      async rank({ candidates, queries, k }) {
        const statement = await statementFor(queries.length, k);
        statement.bindVarchar(1, `[${candidates.join()}]`);
        queries.forEach((query, n) => statement.bindVarchar(n + 2, vectorText(query)));
        const [actions, shopNumbers] = await (await statement.run()).getColumnsJS();
        return () => queries.map((_, n) => shopNumbers!.filter((_shop, at) => actions![at] === n));
      },
      close() {
        connection.closeSync();
        instance.closeSync();
      },
    },
  ];
};

function sqlFor(queryCount: number, k: number, vectorType: string): string {
  const branches = Array.from(
    { length: queryCount },
    (_, n) =>
      `(SELECT ${n} AS action, shop_no FROM candidates
        ORDER BY array_inner_product(embedding, $${n + 2}::${vectorType}) DESC LIMIT ${k})`,
  );
  return `WITH candidates AS MATERIALIZED
    (SELECT * FROM shops WHERE shop_no IN (SELECT unnest($1::INTEGER[]))) ${branches.join(' UNION ALL ')}`;
}
