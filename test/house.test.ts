/**
 * Holds the house true: who may import whom, what only one folder may know, how files are called.
 * It reads the text of src/; the floors are drawn below.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Each folder imports only from floors below, and inside a floor only to its left. */
const FLOORS = [
  ['base', 'domain'],
  ['geo', 'kernel', 'catalog', 'encoder', 'actions', 'synthetic'],
  ['snapshot', 'training'],
  ['recommender'],
  ['evaluation', 'workers', 'batch', 'engine', 'pipeline'],
  ['http', 'client', 'cli'],
];
/** On this floor nobody imports a neighbour, not even to the left. */
const PARTS_FLOOR = 1;

interface SourceFile {
  /** Relative to the top of the checkout, such as `src/geo/distance.ts`. */
  readonly path: string;
  /** The folder below src/ that decides the floor; empty for `src/index.ts`. */
  readonly folder: string;
  /** The text without comments. */
  readonly code: string;
  /** Import specifiers, static and dynamic, types included. Relative ones as paths like `path`. */
  readonly imports: readonly string[];
}

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s+(?:[\w\s{},*$]+?\s+from\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/g;

function withoutComments(text: string): string {
  const stringOrComment = /('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\/\*[^]*?\*\/|\/\/.*/g;
  return text.replace(stringOrComment, (_, string: string | undefined) => string ?? '');
}

function importsOf(path: string, code: string): string[] {
  return Array.from(code.matchAll(IMPORT), (match) => {
    const specifier = match[1] ?? match[2]!;
    return specifier.startsWith('.') ? join(dirname(path), specifier) : specifier;
  });
}

function sourceFile(path: string): SourceFile {
  const code = withoutComments(readFileSync(path, 'utf8'));
  const parts = path.split('/');
  return { path, folder: parts.length > 2 ? parts[1]! : '', code, imports: importsOf(path, code) };
}

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.[jt]s$/.test(name))
  .map((name) => sourceFile(join('src', name)))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

function filesWhere(wrong: (file: SourceFile) => boolean): string[] {
  return FILES.filter(wrong).map((file) => file.path);
}

function filesImporting(specifier: string): string[] {
  return filesWhere((file) => file.imports.includes(specifier));
}

function outside(allowed: readonly string[], paths: readonly string[]): string[] {
  return paths.filter((path) => !allowed.some((place) => path === place || path.startsWith(`${place}/`)));
}

function floorOf(folder: string): number {
  return FLOORS.findIndex((floor) => floor.includes(folder));
}

/** Whether a file of folder `from` may import one of folder `to`. */
function mayImport(from: string, to: string): boolean {
  if (from === to || from === '') return true;
  const floor = floorOf(from);
  if (floorOf(to) !== floor) return to !== '' && floorOf(to) < floor;
  return floor !== PARTS_FLOOR && FLOORS[floor]!.indexOf(to) < FLOORS[floor]!.indexOf(from);
}

/** The first import cycle that `path` leads into, as the files on it, or an empty list. */
function cycleFrom(path: string, trail: readonly string[], done: Set<string>): readonly string[] {
  if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
  if (done.has(path)) return [];
  for (const imported of FILES.find((file) => file.path === path)?.imports ?? []) {
    const cycle = cycleFrom(imported, [...trail, path], done);
    if (cycle.length > 0) return cycle;
  }
  done.add(path);
  return [];
}

test('the import lines are read', () => {
  const code = withoutComments(`
    import './a.ts'; // import './no.ts';
    import type { A } from './b.ts';
    import c, {
      d, // import x from './no.ts'
      type E as F,
    } from 'pkg';
    /* import './no.ts'; */
    export * from './g.ts';
    const h = await import('./h.ts');
    let i: import('./i.ts').I;
    import * as j from '../j.ts';
    const url = 'https://k/*'; export const star = '*/'; export const text = "from './no.ts'";`);
  expect(importsOf('src/geo/x.ts', code).sort()).toEqual(
    [
      'pkg',
      'src/geo/a.ts',
      'src/geo/b.ts',
      'src/geo/g.ts',
      'src/geo/h.ts',
      'src/geo/i.ts',
      'src/j.ts',
    ].sort(),
  );
  expect(FILES.flatMap((file) => file.imports).length).toBeGreaterThan(FILES.length / 2);
});

test('every folder has its floor', () => {
  expect(filesWhere((file) => file.path !== 'src/index.ts' && floorOf(file.folder) < 0)).toEqual([]);
});

test('each folder imports only from floors below, and inside a floor only to its left', () => {
  const wrong = FILES.flatMap((file) =>
    file.imports
      .filter((imported) => imported.startsWith('src/'))
      .filter((imported) => !mayImport(file.folder, imported.split('/').slice(1, -1)[0] ?? ''))
      .map((imported) => `${file.path} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('no file leads back to itself through its imports', () => {
  const done = new Set<string>();
  expect(FILES.map((file) => cycleFrom(file.path, [], done)).filter((cycle) => cycle.length > 0)).toEqual([]);
});

test('src/ imports nothing from outside src/', () => {
  const paths = FILES.flatMap((file) => file.imports.map((imported) => ({ file: file.path, imported })));
  expect(paths.filter(({ imported }) => /^(\.\.|\/|test|bench|data|dist|assembly)\b/.test(imported))).toEqual(
    [],
  );
});

test('only src/index.ts passes on what others export', () => {
  const passesOn = /^\s*export\s+(type\s+)?(\*|\{[^}]*\})[^;]*?\sfrom\s/m;
  expect(filesWhere((file) => passesOn.test(file.code) && file.path !== 'src/index.ts')).toEqual([]);
});

test('both entries check the runtime first', () => {
  for (const entry of ['src/index.ts', 'src/cli/doorrank.js']) {
    expect(FILES.find((file) => file.path === entry)?.imports[0], entry).toBe('src/base/runtime.js');
  }
});

test('a file is called by its export in kebab-case, never by a word that says nothing', () => {
  const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.[jt]s$/;
  const saysNothing = /(^|[/-])(utils?|helpers?|common|managers?)([-./]|$)|\/types?\.ts$/;
  const names = FILES.map((file) => file.path);
  expect(names.filter((path) => !kebabCase.test(path.split('/').at(-1)!) || saysNothing.test(path))).toEqual(
    [],
  );
});

test('SQL is spoken in actions/ and by the records of pipeline runs only', () => {
  const speakers = ['src/actions', 'src/pipeline/run-database.ts', 'src/pipeline/run-records.ts'];
  const sql =
    /\b(SELECT\s[^]*?\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET|CREATE\s+(TABLE|INDEX|UNIQUE)|PRAGMA)\b/;
  expect(outside(speakers, filesImporting('better-sqlite3'))).toEqual([]);
  expect(filesImporting('node:sqlite')).toEqual([]);
  expect(
    outside(
      speakers,
      filesWhere((file) => sql.test(file.code)),
    ),
  ).toEqual([]);
});

test('kdbush is known to geo/ only', () => {
  expect(outside(['src/geo'], filesImporting('kdbush'))).toEqual([]);
});

test('foreign functions are called by snapshot/mapping.ts only, and never linked statically', () => {
  // A static import would fail an older Node before the runtime check can say what is wrong.
  const linked = /^\s*import\s[^;(]*'node:ffi'/m;
  expect(
    outside(
      ['src/snapshot/mapping.ts'],
      filesWhere((file) => file.code.includes('node:ffi')),
    ),
  ).toEqual([]);
  expect(filesWhere((file) => linked.test(file.code))).toEqual([]);
});

test('only the faces read the clock, and nobody rolls unseeded dice', () => {
  const clock = /\bDate\.now\b|\bnew Date\b(\(\)|(?!\s*\())|\bTemporal\.Now\b/;
  expect(
    outside(
      ['src/http', 'src/cli', 'src/index.ts'],
      filesWhere((file) => clock.test(file.code)),
    ),
  ).toEqual([]);
  expect(filesWhere((file) => file.code.includes('Math.random'))).toEqual([]);
});

/** The files that a program which starts with `entry` loads: types are gone by then. */
function loadedFrom(entry: string): string[] {
  const loaded = [entry];
  for (const path of loaded) {
    const code = FILES.find((file) => file.path === path)?.code ?? '';
    const imported = importsOf(path, code.replaceAll(/^import type [^;]*;/gm, ''));
    loaded.push(...imported.filter((found) => !loaded.includes(found)));
  }
  return loaded;
}

test('threads load nothing that checks requests: what they are given is checked', () => {
  expect(loadedFrom('src/engine/engine.ts')).toContain('zod');
  for (const entry of [
    'src/workers/worker-entry.ts',
    'src/snapshot/verify-entry.ts',
    'src/batch/batch-entry.ts',
  ]) {
    expect(loadedFrom(entry), entry).toContain('src/snapshot/open-snapshot.ts');
    expect(loadedFrom(entry), entry).not.toContain('zod');
  }
  expect(loadedFrom('src/training/train-entry.ts')).toContain('src/training/train-kernel.ts');
  expect(loadedFrom('src/training/train-entry.ts')).not.toContain('zod');
});

test('the client has its types from the routes and loads nothing', () => {
  expect(FILES.find((file) => file.path === 'src/client/client.ts')?.imports).toContain('src/http/route.ts');
  expect(outside(['src/client'], loadedFrom('src/client/client.ts'))).toEqual([]);
});
