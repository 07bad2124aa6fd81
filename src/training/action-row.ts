/** One row of a file of actions, whatever its format, checked and turned into a `LoggedAction`. */
import { instantMs } from '../base/instant-ms.ts';
import { shown } from '../base/validate.ts';
import { ActionTypeSchema, ID_CHARACTERS_MAX, KEYWORD_CHARACTERS_MAX, WEIGHT_MAX } from '../domain/action.ts';
import { IMPRESSION } from '../domain/impression.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import { idText, renameHint } from '../snapshot/input/input-columns.ts';
import type { InputFaults } from '../snapshot/input/input-faults.ts';
import type { TableRow } from '../snapshot/input/table-rows.ts';
import type { LoggedAction } from './action-log.ts';

export const ACTION_COLUMNS_NEEDED = ['userId', 'at'] as const;
export const ACTION_COLUMNS_OPTIONAL = ['type', 'keyword', 'shopId', 'weight'] as const;
/** What an action is about: a row has one of them. */
export const ACTION_TARGETS = ['keyword', 'shopId'] as const;
type ActionColumn = (typeof ACTION_COLUMNS_NEEDED | typeof ACTION_COLUMNS_OPTIONAL)[number];

const TYPE_DEFAULT = 'view';
const WHOLE_NUMBER = /^\d{1,16}$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Milliseconds of 1973-03-03; a smaller plain number counts seconds, as those of our days are around 1.8e9. */
const NUMBER_MIN = 1e11;
/** The last instant that a `Date` can hold. */
const MILLISECONDS_MAX = 8.64e15;
const ID_EXPECTED = `text of 1..${ID_CHARACTERS_MAX} characters`;

/** Reads the rows of one file, one after the other. */
export class ActionRowReader {
  readonly #file: string;
  readonly #faults: InputFaults;
  /** Types are few, and looking at each of a million again takes a second. */
  readonly #goodTypes = new Set<string>();
  /** Impressions that were left out: they say what was shown, not what was wanted. */
  impressionCount = 0;
  // The row at hand.
  #row: TableRow = { place: '', columns: [], values: [] };
  #isGood = true;

  constructor(file: string, faults: InputFaults) {
    this.#file = file;
    this.#faults = faults;
  }

  /** The action of a row; undefined for an impression, and after adding what is wrong to the faults. */
  read(row: TableRow): LoggedAction | undefined {
    this.#row = row;
    this.#isGood = true;
    const type = this.#type();
    if (type === IMPRESSION) {
      this.impressionCount++;
      return undefined;
    }
    const keyword = this.#keyword();
    const shopId = this.#id('shopId');
    if (this.#isGood) this.#checkOneTarget(keyword, shopId);
    const userId = this.#id('userId') ?? this.#refuseAbsent('userId', ID_EXPECTED);
    const atMs = this.#atMs();
    const weight = this.#weight();
    if (!this.#isGood) return undefined;
    return { userId: userId!, type, keyword, shopId, atMs, weight };
  }

  /** The value of a column, or undefined where there is none: CSV has no other way to say so than an empty field. */
  #value(column: ActionColumn): unknown {
    const value = this.#row.values[this.#row.columns.indexOf(column)];
    return value === null || value === '' ? undefined : value;
  }

  #type(): string {
    const type = this.#value('type') ?? TYPE_DEFAULT;
    if (typeof type === 'string' && this.#goodTypes.has(type)) return type;
    const checked = ActionTypeSchema.safeParse(type);
    if (checked.success) this.#goodTypes.add(checked.data);
    else this.#refuse('type', shown(type), checked.error.issues[0]!.message.replace('must be ', ''));
    return checked.data ?? TYPE_DEFAULT;
  }

  #keyword(): string | undefined {
    const value = this.#value('keyword');
    if (value === undefined) return undefined;
    // As `record`, which bounds what is sent: normalized it may be 18 times as long.
    if (typeof value === 'string' && value.length <= KEYWORD_CHARACTERS_MAX && value.isWellFormed()) {
      const keyword = normalizeKeyword(value);
      if (keyword !== '') return keyword;
    }
    return this.#refuse('keyword', shown(value), `text of 1..${KEYWORD_CHARACTERS_MAX} characters`);
  }

  #id(column: 'userId' | 'shopId'): string | undefined {
    const value = this.#value(column);
    if (value === undefined) return undefined;
    const id = idText(value);
    if (id !== undefined && id.length <= ID_CHARACTERS_MAX && id.isWellFormed()) return id;
    return this.#refuse(column, shown(value), ID_EXPECTED);
  }

  #checkOneTarget(keyword: string | undefined, shopId: string | undefined): void {
    const expected = 'either a keyword or a shopId';
    if (keyword !== undefined && shopId !== undefined) this.#refuse('keyword, shopId', 'both', expected);
    if (keyword === undefined && shopId === undefined) this.#refuseAbsent('shopId', expected);
  }

  #atMs(): number {
    const value = this.#value('at');
    const expected = 'an ISO 8601 instant such as "2026-11-22T12:00:00Z", or milliseconds since 1970';
    if (value === undefined) {
      this.#refuseAbsent('at', expected);
      return Number.NaN;
    }
    const number = numberOf(value);
    const atMs = number ?? instantOf(value);
    if (atMs >= (number === undefined ? 0 : NUMBER_MIN) && atMs <= MILLISECONDS_MAX) return atMs;
    const isSeconds = number !== undefined && number >= NUMBER_MIN / 1000 && number < NUMBER_MIN;
    this.#refuse('at', isSeconds ? `${shown(value)}, which looks like seconds` : shown(value), expected);
    return Number.NaN;
  }

  #weight(): number | undefined {
    const value = this.#value('weight');
    if (value === undefined) return undefined;
    const isText = typeof value === 'string' && DECIMAL.test(value.trim());
    const weight = typeof value === 'number' || isText ? Number(value) : Number.NaN;
    if (Math.abs(weight) <= WEIGHT_MAX) return weight;
    return this.#refuse('weight', shown(value), `a number -${WEIGHT_MAX}..${WEIGHT_MAX}`);
  }

  #refuseAbsent(column: ActionColumn, expected: string): undefined {
    const hint = renameHint(this.#row.columns, column);
    return this.#refuse(column, hint ?? 'nothing', expected);
  }

  #refuse(column: string, found: string, expected: string): undefined {
    this.#isGood = false;
    this.#faults.add({ file: this.#file, place: this.#row.place, column, found, expected });
  }
}

/** Of a plain number, also as text; undefined for anything else. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  return typeof value === 'string' && WHOLE_NUMBER.test(value) ? Number(value) : undefined;
}

/** Milliseconds since 1970 of what says its own unit: a timestamp or ISO 8601 text; NaN for anything else. */
function instantOf(value: unknown): number {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' ? instantMs(value) : Number.NaN;
}
