/** The file: the same input makes the same bytes, version 1 stays readable, and no damage gets past verification. */
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { openEngine, type RecommendRequest } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SECTIONS } from '../src/snapshot/format.ts';
import { sha256 } from '../src/snapshot/generation.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { verifySnapshot } from '../src/snapshot/verify-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';

const golden = (name: string): string => path.join(import.meta.dirname, 'golden', name);

const workspace = new Workspace();
let built: BuiltTown;
let snapshot: string;
beforeAll(async () => {
  built = await buildTown(workspace, 'v1', { seed: 3, shopCount: 700, dimensions: 10 });
  snapshot = built.store.pathOf('v1');
});
afterAll(() => workspace.remove());

const copy = (name: string): string => {
  const target = workspace.path(name);
  cpSync(snapshot, target);
  return target;
};

test('the same input makes the same bytes', async () => {
  const store = SnapshotStore.open(workspace.path('second-store'), { create: true });
  await buildSnapshot({ ...built.inputs, version: 'v1', metric: 'cosine' }, store);
  expect(readFileSync(store.pathOf('v1')).equals(readFileSync(snapshot))).toBe(true);
});

test('a snapshot is read-only', () => {
  expect(statSync(snapshot).mode & 0o777).toBe(0o444);
});

test('the header says what was built', () => {
  const header = verifySnapshot(snapshot);
  expect(header).toMatchObject({
    formatVersion: 4,
    version: 'v1',
    shopCount: 700,
    dimensions: 10,
    rowFloats: 12,
    metric: 'cosine',
    modelCard: {},
  });
  expect(header.keywordCount).toBe(built.town.keywords.length);
  const shops = [...built.town.shops()];
  const lons = shops.map(({ lon }) => lon);
  const lats = shops.map(({ lat }) => lat);
  expect(header.bounds).toEqual([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]);
  for (const name of SECTIONS) expect(header.sections[name]!.offset % 4096).toBe(0);
});

describe('damage is found before it serves', () => {
  test('one flipped bit, anywhere', () => {
    const { sections, fileBytes } = readHeader(snapshot);
    const headerBytes = readFileSync(snapshot).readUInt32LE(12);
    const filled = SECTIONS.filter((name) => sections[name]!.sizeBytes > 0);
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed);
      // A section or the header, so that small ones are hit as often as large ones; or any byte, zeros between them included.
      const name = random.pick([...filled, 'header', 'file'] as const);
      const [start, sizeBytes] =
        name === 'file'
          ? [0, fileBytes]
          : name === 'header'
            ? [0, headerBytes]
            : [sections[name]!.offset, sections[name]!.sizeBytes];
      const at = start + random.below(sizeBytes);
      const bytes = readFileSync(snapshot);
      const bit = 1 << random.below(8);
      bytes[at]! ^= bit;
      const damaged = workspace.path(`flipped-${seed}`);
      writeFileSync(damaged, bytes);
      expect(
        () => verifySnapshot(damaged),
        `seed ${seed}: ${name}, byte ${at} of ${fileBytes}, bit ${bit}`,
      ).toThrow(/snapshot|section|header|format|starts with/);
    }
  });

  test('a file that was cut short, at any length', () => {
    const { fileBytes } = readHeader(snapshot);
    const random = new Random(8);
    for (const bytes of [
      0,
      1,
      127,
      128,
      500,
      4096,
      fileBytes - 1,
      ...Array.from({ length: 40 }, () => random.below(fileBytes)),
    ]) {
      const cut = copy(`cut-${bytes}`);
      truncateSync(cut, bytes);
      expect(() => verifySnapshot(cut), `${bytes} bytes`).toThrow(/has \d+ bytes/);
    }
  });

  test('a newer format says what to do', () => {
    const newer = workspace.path('newer');
    const bytes = readFileSync(snapshot);
    bytes.writeUInt32LE(5, 8);
    writeFileSync(newer, bytes);
    expect(() => verifySnapshot(newer)).toThrow(/has format 5, this engine reads 1 to 4; upgrade doorrank/);
  });

  test('contents that do not belong together, under checksums that match', () => {
    type Edits = Partial<Record<(typeof SECTIONS)[number], (bytes: Buffer) => void>>;
    const { sections } = readHeader(snapshot);
    // Signed again: only what verification knows about the contents can find these.
    const broken = (edits: Edits): (() => unknown) => {
      const bytes = readFileSync(snapshot);
      for (const name of SECTIONS) {
        const { offset, sizeBytes } = sections[name]!;
        const part = bytes.subarray(offset, offset + sizeBytes);
        edits[name]?.(part);
        Buffer.from(sha256(part)).copy(bytes, 128 + SECTIONS.indexOf(name) * 64 + 32);
      }
      bytes.fill(0, 96, 128);
      Buffer.from(sha256(bytes.subarray(0, bytes.readUInt32LE(12)))).copy(bytes, 96);
      const target = workspace.path('resigned');
      writeFileSync(target, bytes);
      return () => verifySnapshot(target);
    };
    const double = (at: number, value: number) => (bytes: Buffer) => void bytes.writeDoubleLE(value, at);
    const float = (at: number, value: number) => (bytes: Buffer) => void bytes.writeFloatLE(value, at);
    const text = (found: string, put: string) => (bytes: Buffer) =>
      void bytes.write(put, bytes.indexOf(found));
    const cases: [Edits, RegExp][] = [
      [{ rows: float(48, NaN) }, /embedding of ordinal 1 holds a number that is not finite/],
      [{ norms: double(8, 2) }, /norm of ordinal 1 is 2/],
      [
        { rows: (rows) => rows.fill(0, 0, 48), norms: double(0, 0) },
        /embedding of ordinal 0 is zero, which has no cosine/,
      ],
      [{ rows: float(40, 1e-30) }, /section rows must be zero behind its 10 dimensions, float 10 is/],
      // 16 whole numbers and a record of 16 bytes a row.
      [
        { quantized: (bytes) => void (bytes[32 + 3]! ^= 1) },
        /the bytes of ordinal 1 are not those of its embedding/,
      ],
      [{ quantized: (bytes) => void (bytes[64 + 28]! ^= 1) }, /the bytes of ordinal 2 are not/],
      [{ quantized: float(96 + 20, 0) }, /the bytes of ordinal 3 are not/],
      [{ quantized: (bytes) => void (bytes[14] = 1) }, /the bytes of ordinal 0 are not/],
      [{ keywordRows: float(44, 1e-30) }, /section keywordRows must be zero behind its 10 dimensions/],
      [{ keywordRows: float(48, Infinity) }, /embedding of keyword 1 holds a number that is not finite/],
      [{ keywordRows: (rows) => rows.fill(0, 0, 48) }, /embedding of keyword 0 is zero/],
      [{ coordinates: double(16, 181) }, /coordinate of ordinal 1: lon must be -180..180/],
      [
        { coordinates: (c) => c.writeDoubleLE(c.readDoubleLE(32) + 1e-7, 32) },
        /position of ordinal 2 is not that of its coordinate|bounds are/,
      ],
      [{ reaches: double(24, Infinity) }, /reach of ordinal 3 must be/],
      [{ nodes: double(64, 0) }, /tree node 1 holds 0/],
      [{ popularity: double(0, -Infinity) }, /entry 0 of section popularity must be finite/],
      [{ shopIdOrder: (order) => order.writeUInt32LE(order.readUInt32LE(4), 0) }, /shop id order/],
      [
        { keywords: text('bibimbap', '~ibimbap') },
        /keywords: rows \d+ and \d+ hold .*, expected ascending texts/,
      ],
      [{ keywords: text('bibimbap', 'bibimbaP') }, /keyword \d+ is "bibimbaP", which is not normalized/],
      [
        {
          keywordPieces: (pieces) =>
            pieces.writeUInt32LE(pieces.readUInt32LE(pieces.length - 4) ^ 1, pieces.length - 4),
        },
        /section keywordPieces: the pieces are not those that its keywords make/,
      ],
      [
        { pieceRows: (rows) => rows.writeUInt32LE(rows.readUInt32LE(12), 8) },
        /section pieceRows: piece 1 is \d+, expected more than the one before/,
      ],
      [
        { pieceRows: (rows) => rows.writeUInt32LE(13, 4) },
        /section pieceRows: has \d+ bytes, expected \d+ for what it counts/,
      ],
      [
        { userLists: (lists) => void lists.writeUInt32LE(1, 8) },
        /section userLists: the lists go from 1 to 1/,
      ],
      [{ payload: text('"lon":1', '"lon":2') }, /record of shop 0 has lon 2.*, expected 1/],
      [{ payload: text('"price":', '"price"!') }, /payload/],
    ];
    expect(broken({})).not.toThrow();
    for (const [edits, message] of cases) expect(broken(edits), `${message}`).toThrow(message);
  });
});

describe.each([1, 2])('format version %i', (formatVersion) => {
  test('the golden file opens and answers as it did', async () => {
    const store = SnapshotStore.open(workspace.path(`golden-store-${formatVersion}`), { create: true });
    const aside = store.temporaryPath();
    cpSync(golden(`v${formatVersion}.snapshot`), aside);
    const published = store.publish(aside, 'golden');
    expect(verifySnapshot(published)).toMatchObject({ formatVersion, version: 'golden' });
    store.activate('golden');
    const engine = await openEngine({
      store: store.directory,
      data: workspace.path(`golden-data-${formatVersion}`),
      threads: 0,
    });
    const exchanges = JSON.parse(readFileSync(golden(`v${formatVersion}-answers.json`), 'utf8')) as {
      request: never;
      answer: object;
    }[];
    expect(exchanges.length).toBeGreaterThan(3);
    for (const { request, answer } of exchanges) {
      const found = await engine.recommend(request);
      expect(found).toMatchObject(answer);
      expect(found.tookMs.total).toBeGreaterThan(0);
    }
    const location = exchanges.map(({ request }) => (request as RecommendRequest).location)[0]!;
    const misspelt = await engine.recommend({ location, actions: [{ type: 'search', keyword: 'pizzza' }] });
    expect(misspelt.basis, 'nothing is known of spellings').toBe('popular');
    await engine.close();
  });
});
