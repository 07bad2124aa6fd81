/** Which program this is, so that outputs of another one are not taken for its own. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';

/** Above src/ in a checkout and dist/ in a package. */
const ROOT = new URL('../../', import.meta.url);
const PROGRAM = new URL('../', import.meta.url);
const DIGITS = 12;

let known: string | undefined;

/**
 * The version of the package and a hash of its files, of the exact versions of what it depends on and of the runtime's, such as
 * `0.1.0+3f2a90c1b7de`: a changed file is another program. Read once, so that files that change later are not taken for
 * what runs.
 */
export function codeVersion(): string {
  known ??= codeVersionOf(ROOT, PROGRAM);
  return known;
}

/** Of the package at `root` whose code is below `program`. */
export function codeVersionOf(root: URL, program: URL): string {
  const { version, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(new URL('package.json', root), 'utf8'),
  ) as Record<'version' | 'dependencies' | 'optionalDependencies', unknown>;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([dependencies, optionalDependencies, process.version]));
  for (const [folder, extension] of [
    [program, /(?<!\.d)\.[jt]s$/],
    [new URL('build/', root), /\.wasm$/],
  ] as const) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted())
      if (extension.test(name)) hash.update(name).update(readFileSync(new URL(name, folder)));
  }
  return `${String(version)}+${hash.digest('hex').slice(0, DIGITS)}`;
}
