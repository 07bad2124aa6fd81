/** Which program this is, so that outputs of another one are not taken for its own. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';

/** Above src/ in a checkout and dist/ in a package. */
const ROOT = new URL('../../', import.meta.url);
const PROGRAM = new URL('../', import.meta.url);
const COMPILED = new URL('build/', ROOT);
const DIGITS = 12;

/** The version of the package and a hash of its files, such as `0.1.0+3f2a90c1b7de`: a changed file is another program. */
export function codeVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  const hash = createHash('sha256');
  for (const [folder, extension] of [
    [PROGRAM, /(?<!\.d)\.[jt]s$/],
    [COMPILED, /\.wasm$/],
  ] as const) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted())
      if (extension.test(name)) hash.update(name).update(readFileSync(new URL(name, folder)));
  }
  return `${version}+${hash.digest('hex').slice(0, DIGITS)}`;
}
