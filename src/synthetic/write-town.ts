/**
 * Writes a town as the files that `doorrank snapshot build` reads, for people to open too: shops.csv, shop-vectors.npy,
 * keywords.ndjson and actions.ndjson. The same town gives the same bytes.
 */
import path from 'node:path';
import { makeDirectory } from '../base/make-directory.ts';
import { writeLines } from '../base/write-lines.ts';
import { writeNpy } from '../base/write-npy.ts';
import type { Action } from '../domain/action.ts';
import type { Shop } from '../domain/shop.ts';
import type { Town } from './town.ts';

const COLUMNS = [
  'shopId',
  'lon',
  'lat',
  'name',
  'deliveryRadiusMeters',
  'openingHours',
  'category',
  'price',
  'rating',
  'popularity',
] as const satisfies readonly (keyof Shop)[];
const ATTRIBUTES = ['chain', 'signatureDish', 'spicy', 'vegetarian'];
/** Keyword vectors are text: five decimals move a similarity by less than 1e-4, and keep the file half as long. */
const VECTOR_DECIMALS = 5;

/** Writes the four files into `directory`, which is made if it is not there. Files of these names are replaced. */
export function writeTown(town: Town, directory: string): void {
  makeDirectory(directory);
  writeLines(path.join(directory, 'shops.csv'), shopLines(town));
  writeNpy(path.join(directory, 'shop-vectors.npy'), town.shopVectors, town.dimensions);
  writeLines(path.join(directory, 'keywords.ndjson'), keywordLines(town));
  writeLines(path.join(directory, 'actions.ndjson'), actionLines(town));
}

function* shopLines(town: Town): Generator<string> {
  yield [...COLUMNS, ...ATTRIBUTES].join(',');
  for (const shop of town.shops()) {
    const values = [
      ...COLUMNS.map((column) => shop[column]),
      ...ATTRIBUTES.map((attribute) => shop.attributes[attribute]),
    ];
    yield values.map((value) => csvField(String(value ?? ''))).join(',');
  }
}

function* keywordLines(town: Town): Generator<string> {
  for (const [row, { keyword, count }] of town.keywords.entries()) {
    const vector = town.keywordVectors.subarray(row * town.dimensions, (row + 1) * town.dimensions);
    yield JSON.stringify({ keyword, count, vector: Array.from(vector, rounded) });
  }
}

/** Actions as `POST /v1/actions` takes them. */
function* actionLines(town: Town): Generator<string> {
  for (const action of town.actions()) yield JSON.stringify(actionInput(action));
}

function actionInput({ id, userId, type, keyword, shopId, atMs }: Action): object {
  return { id, userId, type, keyword, shopId, at: new Date(atMs).toISOString() };
}

/** RFC 4180: a field with a comma, a quote or a line break stands in quotes, its quotes doubled. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rounded(part: number): number {
  return Number(part.toFixed(VECTOR_DECIMALS));
}
