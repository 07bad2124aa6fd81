/**
 * The outputs of steps, each in a directory of its own that is named by a hash of all that it was made from:
 *
 *   DIRECTORY/<name>-<key>/step.json   what it was made from, and every file of it with size and SHA-256
 *   DIRECTORY/<name>-<key>/…           its files
 *   DIRECTORY/.making-…                a step at work; moved to its place once it is whole
 *
 * A step whose output is there and whole is taken over, so a run that broke goes on where it was. Runs that fail leave theirs: of
 * each step the three that were asked for last are kept. Nothing is synced to the disk: what a power cut damaged does not match
 * its hashes, and is made again.
 */
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../base/make-directory.ts';
import { hashOfFile, hashOfJson } from './content-hash.ts';

const MANIFEST = 'step.json';
const AT_WORK = '.making-';
/** Hex digits of a key in the name of a directory: 2^-40 for a mistake among a million outputs. */
const KEY_DIGITS = 20;
/** Of each step: what runs of changing input that fail night after night would pile up. */
const KEPT_MAX = 3;

/** The output of a step. */
export interface StepOutput {
  readonly name: string;
  readonly directory: string;
  /** Of its files: what steps that are made from it have as their input. */
  readonly digest: string;
  readonly isTakenOver: boolean;
}

interface Manifest {
  readonly inputs: unknown;
  readonly files: readonly StepFile[];
}

interface StepFile {
  /** Relative to the directory of the step. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** For one process at a time. */
export class StepStore {
  readonly #directory: string;
  readonly #used = new Set<string>();

  /** Makes `directory` if it is not there, and removes from it what was at work when a run broke and what is too old. */
  constructor(directory: string) {
    this.#directory = directory;
    makeDirectory(directory);
    for (const name of readdirSync(directory))
      if (name.startsWith(AT_WORK)) rmSync(join(directory, name), { recursive: true });
    for (const place of placesToDrop(directory)) rmSync(join(directory, place), { recursive: true });
  }

  /**
   * The output of the step `name` on `inputs`, any JSON value: as it is there, or else as `make` writes it into the
   * directory that it is given. What `make` throws is thrown on, and leaves nothing behind.
   */
  async output(
    name: string,
    inputs: unknown,
    make: (directory: string) => Promise<void> | void,
  ): Promise<StepOutput> {
    const place = `${name}-${hashOfJson(inputs).slice(0, KEY_DIGITS)}`;
    const directory = join(this.#directory, place);
    this.#used.add(place);
    const found = wholeFiles(directory);
    if (found !== null) {
      touch(directory);
      return { name, directory, digest: hashOfJson(found), isTakenOver: true };
    }
    const atWork = join(this.#directory, `${AT_WORK}${name}-${randomUUID()}`);
    mkdirSync(atWork);
    try {
      await make(atWork);
      const files = filesIn(atWork);
      writeFileSync(
        join(atWork, MANIFEST),
        `${JSON.stringify({ inputs, files } satisfies Manifest, null, 2)}\n`,
      );
      rmSync(directory, { recursive: true, force: true }); // one that is not whole
      renameSync(atWork, directory);
      return { name, directory, digest: hashOfJson(files), isTakenOver: false };
    } finally {
      rmSync(atWork, { recursive: true, force: true });
    }
  }

  /** Removes all outputs but those that this object was asked for. What cannot be removed stays, for the next one to remove. */
  removeOthers(): void {
    try {
      for (const name of readdirSync(this.#directory))
        if (!this.#used.has(name)) rmSync(join(this.#directory, name), { recursive: true, force: true });
    } catch {
      // The run that asks for it has done its work: it must not fail by what others left.
    }
  }
}

/** What `placesToDrop` orders by. */
function touch(directory: string): void {
  const now = performance.timeOrigin + performance.now();
  utimesSync(directory, now / 1000, now / 1000);
}

/** Outputs of which `KEPT_MAX` of the same step were asked for later. */
function placesToDrop(directory: string): string[] {
  const places = readdirSync(directory).map((place) => {
    return { place, step: place.slice(0, -KEY_DIGITS), askedMs: statSync(join(directory, place)).mtimeMs };
  });
  const byStep = Map.groupBy(places, ({ step }) => step);
  return [...byStep.values()].flatMap((same) =>
    same
      .toSorted((a, b) => b.askedMs - a.askedMs)
      .slice(KEPT_MAX)
      .map(({ place }) => place),
  );
}

/** The files of an output, or null unless it is there and each is as it was written. */
function wholeFiles(directory: string): readonly StepFile[] | null {
  const files = statedFiles(directory);
  const isWhole = files?.every(({ path, sizeBytes, sha256 }) => {
    const file = join(directory, path);
    // The size first: what was cut off shows without being read.
    return statSync(file, { throwIfNoEntry: false })?.size === sizeBytes && hashOfFile(file) === sha256;
  });
  return files !== null && isWhole ? files : null;
}

function statedFiles(directory: string): readonly StepFile[] | null {
  try {
    const { files } = JSON.parse(readFileSync(join(directory, MANIFEST), 'utf8')) as Manifest;
    return Array.isArray(files) ? files : null;
  } catch {
    return null; // not there, or cut off
  }
}

function filesIn(directory: string): StepFile[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .toSorted()
    .map((path) => {
      const file = join(directory, path);
      return { path, sizeBytes: statSync(file).size, sha256: hashOfFile(file) };
    });
}
