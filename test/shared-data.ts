/**
 * Real cities for tests on machines that have them: the directory named by DOORRANK_CITIES, or `../shared/data` beside
 * the checkout. Their terms do not allow to ship them, so tests that need them are skipped, visibly, elsewhere.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';

const directory =
  process.env['DOORRANK_CITIES'] ?? fileURLToPath(new URL('../../shared/data', import.meta.url));

/** False where the cities are not there; a test that needs one says so in its name. */
export function hasCity(city: string): boolean {
  return existsSync(join(directory, city));
}

export function cityFile(city: string, name: string): string {
  return join(directory, city, name);
}

/** The text of a gzipped file of a city. */
export function cityText(city: string, name: string): string {
  return gunzipSync(readFileSync(cityFile(city, name))).toString('utf8');
}
