/** Check-ins of real cities (see test/shared-data.ts) as logs of views, and their places as a snapshot without a model. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { ActionLogBuilder, type ActionLog } from '../src/training/action-log.ts';
import { cityText } from './shared-data.ts';

type CityRow = Readonly<Record<string, string>>;

/** The rows of a gzipped CSV file of a city, by the names in its head. No value holds a comma. */
export function cityRows(city: string, name: string): CityRow[] {
  const [head, ...lines] = cityText(city, name).trim().split('\n');
  const names = head!.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(names.map((column, at) => [column, values[at]!]));
  });
}

export interface CheckinColumns {
  readonly user: string;
  readonly shop: string;
  readonly time: string;
}

export const NYC_COLUMNS: CheckinColumns = { user: 'user_id', shop: 'poi_id', time: 'utc' };
export const PETALING_JAYA_COLUMNS: CheckinColumns = { user: 'user_id', shop: 'venue_id', time: 'timestamp' };

export function checkinLog(rows: readonly CityRow[], { user, shop, time }: CheckinColumns): ActionLog {
  const log = new ActionLogBuilder();
  for (const row of rows)
    log.add({ userId: row[user]!, type: 'view', shopId: row[shop]!, atMs: Date.parse(row[time]!) });
  return log.finish();
}

export interface CityShop {
  readonly shopId: string;
  readonly lon: string;
  readonly lat: string;
  readonly popularity: number;
}

/** Builds a snapshot that knows nothing but places and popularity: all embeddings are the same. Returns its path. */
export async function buildPlaces(
  directory: string,
  version: string,
  shops: readonly CityShop[],
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const file = (name: string): string => path.join(directory, name);
  const lines = shops.map(({ shopId, lon, lat, popularity }) => `${shopId},${lon},${lat},${popularity}`);
  writeFileSync(file('shops.csv'), ['shopId,lon,lat,popularity', ...lines].join('\n'));
  writeFileSync(file('vectors.f32'), new Float32Array(shops.length * 4).fill(1));
  writeFileSync(file('keywords.ndjson'), JSON.stringify({ keyword: 'any', vector: [1, 1, 1, 1] }));
  const store = SnapshotStore.open(file('store'), { create: true });
  const { path: built } = await buildSnapshot(
    {
      shops: file('shops.csv'),
      shopVectors: file('vectors.f32'),
      keywordVectors: file('keywords.ndjson'),
      version,
      metric: 'innerProduct',
    },
    store,
  );
  return built;
}
