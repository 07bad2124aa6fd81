/**
 * From what users did to embeddings of shops and keywords in one space: sessions → vocabulary → lists of negatives → training →
 * unit rows for all shops of the catalog and the keywords.
 */
import { EngineError, RequestError } from '../base/errors.ts';
import { validate } from '../base/validate.ts';
import { KEYWORD_CHARACTERS_MAX } from '../domain/action.ts';
import { GroundCells } from '../geo/ground-cells.ts';
import { hashOfShopIds } from '../snapshot/hash-of-shop-ids.ts';
import type { ActionLog } from './action-log.ts';
import { negativeLists } from './negative-lists.ts';
import { sessionsOf, targetCounts, type LeftOutCounts, type Sessions } from './sessions.ts';
import { talliesByEpoch, trainingPlan } from './train-chunks.ts';
import { trainInThreads, type TrainingProgress } from './train-in-threads.ts';
import { layOut, movedRows } from './train-memory.ts';
import {
  epochsFor,
  TrainingOptionsSchema,
  type TrainingOptions,
  type TrainingSettings,
} from './training-options.ts';
import type { TrainingShop } from './training-shop.ts';
import { embedUntrained, writeUnit } from './untrained-shops.ts';
import { NO_ROW, vocabularyOf, type Vocabulary } from './vocabulary.ts';

/** Rows are of unit length. */
export interface TrainedEmbeddings {
  readonly dimensions: number;
  /** [S][D], in the order of the shops that were given. */
  readonly shopVectors: Float32Array;
  /** That were learned, the most searched first. */
  readonly keywords: readonly string[];
  /** How often each was searched in the log. */
  readonly keywordCounts: readonly number[];
  /** [K][D]. */
  readonly keywordVectors: Float32Array;
  readonly report: TrainingReport;
}

/** What a training was made of and how it went, for a model card. */
export interface TrainingReport {
  readonly settings: TrainingSettings;
  readonly actionCount: number;
  readonly userCount: number;
  readonly sessionCount: number;
  /** Actions that take part in sessions. */
  readonly sessionActionCount: number;
  /** The other actions. */
  readonly leftOut: LeftOutCounts;
  /** `leftOut.alone` of `actionCount`, 0..1. */
  readonly aloneShare: number;
  readonly shopCount: number;
  /** Of all of them in their order, as `hashOfShopIds` has it: whose the rows of `shopVectors` are. */
  readonly shopIdsSha256: string;
  /** Of them, learned from actions; the others are placed beside those. */
  readonly trainedShopCount: number;
  /** Shops of the actions that are not among the shops: they are learned with, and not written. */
  readonly unknownShopCount: number;
  /** Actions at them in sessions. */
  readonly unknownShopActionCount: number;
  readonly keywordCount: number;
  /** Searched texts that are longer, normalized, than a keyword of a snapshot may be: they are learned with, and not written. */
  readonly tooLongKeywordCount: number;
  /** Pairs of a target and one of its context, over all epochs. */
  readonly pairCount: number;
  /** Mean −ln likelihood of a pair and its negatives, epoch by epoch. */
  readonly losses: readonly number[];
}

/**
 * Trains on all actions of `log`. With one thread the same log, shops and settings give the same bits.
 *
 * Throws a `RequestError` for a setting that does not hold or that needs more memory than there is, and `input_invalid` if no
 * session of two actions has a shop of `shops` in it.
 */
export async function trainEmbeddings(
  log: ActionLog,
  shops: readonly TrainingShop[],
  options: TrainingOptions = {},
  onProgress: (progress: TrainingProgress) => void = () => {},
): Promise<TrainedEmbeddings> {
  const given = validate(TrainingOptionsSchema, options);
  const counts = targetCounts(log);
  const sessions = sessionsOf(log, counts, given);
  const vocabulary = vocabularyOf(sessions, counts.length);
  const shopRows = rowsOfShops(log, shops, vocabulary);
  if (shopRows.every((row) => row === NO_ROW)) throw nothingToLearn(log, sessions, given);
  const { epochs = epochsFor(vocabulary.rowCount, sessions.targets.length) } = given;
  const settings: TrainingSettings = { ...given, epochs };

  const cells = cellsOfRows(shops, shopRows, vocabulary.rowCount, settings.neighbourhoodMeters);
  const lists = negativeLists(vocabulary.counts, cells);
  const memory = layOut({ sessions, vocabulary, lists, settings });
  const plan = trainingPlan(memory, sessions, settings);
  await trainInThreads(plan, onProgress);
  const tallies = talliesByEpoch(plan);
  checkConverged(tallies, settings);

  const moved = movedRows(memory.embeddings, settings);
  const trainedRows = shopRows.map((row) => (row !== NO_ROW && moved[row] === 1 ? row : NO_ROW));
  const trainedShopCount = trainedRows.filter((row) => row !== NO_ROW).length;
  if (trainedShopCount === 0) throw allLeftOut(settings);
  const learnedKeywords = trainedKeywords(log, counts, vocabulary).filter(({ row }) => moved[row] === 1);
  const keywords = learnedKeywords.filter(({ keyword }) => keyword.length <= KEYWORD_CHARACTERS_MAX);
  return {
    dimensions: settings.dimensions,
    shopVectors: vectorsOfShops(shops, trainedRows, memory.embeddings, settings),
    keywords: keywords.map(({ keyword }) => keyword),
    keywordCounts: keywords.map(({ count }) => count),
    keywordVectors: unitRows(
      keywords.map(({ row }) => row),
      memory.embeddings,
      settings.dimensions,
    ),
    report: {
      settings,
      actionCount: log.count,
      userCount: log.userIds.length,
      sessionCount: sessions.count,
      sessionActionCount: sessions.targets.length,
      leftOut: sessions.leftOut,
      aloneShare: sessions.leftOut.alone / log.count,
      shopCount: shops.length,
      shopIdsSha256: hashOfShopIds(shops.map(({ shopId }) => shopId)),
      trainedShopCount,
      ...unknownShops(log, shopRows, vocabulary),
      keywordCount: keywords.length,
      tooLongKeywordCount: learnedKeywords.length - keywords.length,
      pairCount: tallies.reduce((sum, { pairCount }) => sum + pairCount, 0),
      losses: tallies.map(({ lossSum, pairCount }) => lossSum / pairCount),
    },
  };
}

/** Throws `RequestError` if the steps were so long that what was learned flew apart. */
function checkConverged(tallies: ReturnType<typeof talliesByEpoch>, settings: TrainingSettings): void {
  const { learningRate, negatives } = settings;
  let [lossSum, pairCount] = [0, 0];
  for (const tally of tallies) {
    lossSum += tally.lossSum;
    pairCount += tally.pairCount;
  }
  // Twice what a model loses that knows nothing.
  if (pairCount === 0 || lossSum / pairCount <= 2 * Math.LN2 * (negatives + 1)) return;
  throw new RequestError(
    'learningRate',
    `is too large for these actions: with ${learningRate} the mean loss is ${lossSum / pairCount}; take a smaller one, such as 0.025`,
  );
}

/** The row of each shop, or `NO_ROW`. */
function rowsOfShops(log: ActionLog, shops: readonly TrainingShop[], { rows }: Vocabulary): Uint32Array {
  const targetOf = new Map(log.shopIds.map((shopId, target) => [shopId, target]));
  return Uint32Array.from(shops, ({ shopId }) => {
    const target = targetOf.get(shopId);
    return target === undefined ? NO_ROW : rows[target]!;
  });
}

/** The cell that the shop of each row lies in; undefined for keywords and for shops that are not given. */
function cellsOfRows(
  shops: readonly TrainingShop[],
  shopRows: Uint32Array,
  rowCount: number,
  cellMeters: number,
): (number | undefined)[] {
  const grid = new GroundCells(cellMeters);
  const cells = new Array<number | undefined>(rowCount).fill(undefined);
  shops.forEach(({ lon, lat }, at) => {
    if (shopRows[at] !== NO_ROW) cells[shopRows[at]!] = grid.cellOf(lon, lat);
  });
  return cells;
}

/** [S][D]: what was learned, and what is like it where nothing was. */
function vectorsOfShops(
  shops: readonly TrainingShop[],
  shopRows: Uint32Array,
  embeddings: Float32Array,
  { dimensions, neighbourhoodMeters }: TrainingSettings,
): Float32Array {
  const vectors = unitRows(shopRows, embeddings, dimensions);
  embedUntrained(shops, (at) => shopRows[at] !== NO_ROW, vectors, neighbourhoodMeters);
  return vectors;
}

/** The embeddings of `rows`, each of unit length; 0 for `NO_ROW`. */
function unitRows(rows: ArrayLike<number>, embeddings: Float32Array, dimensions: number): Float32Array {
  const vectors = new Float32Array(rows.length * dimensions);
  for (let at = 0; at < rows.length; at++) {
    const start = rows[at]! * dimensions;
    if (rows[at] !== NO_ROW)
      writeUnit(embeddings.subarray(start, start + dimensions), vectors.subarray(at * dimensions));
  }
  return vectors;
}

function unknownShops(log: ActionLog, shopRows: Uint32Array, { targets, counts }: Vocabulary) {
  const known = new Set(shopRows);
  const unknown = counts.filter((_, row) => targets[row]! < log.shopIds.length && !known.has(row));
  return {
    unknownShopCount: unknown.length,
    unknownShopActionCount: unknown.reduce((sum, count) => sum + count, 0),
  };
}

/** The most searched first, those of one count by their text. */
function trainedKeywords(log: ActionLog, counts: Uint32Array, { rows }: Vocabulary) {
  const firstTarget = log.shopIds.length;
  return log.keywords
    .map((keyword, i) => ({ keyword, row: rows[firstTarget + i]!, count: counts[firstTarget + i]! }))
    .filter(({ row }) => row !== NO_ROW)
    .sort((a, b) => b.count - a.count || (a.keyword < b.keyword ? -1 : 1));
}

function nothingToLearn(
  log: ActionLog,
  sessions: Sessions,
  { countMin, sessionGapMinutes }: Pick<TrainingSettings, 'countMin' | 'sessionGapMinutes'>,
): EngineError {
  return new EngineError(
    'input_invalid',
    `of ${log.count} actions on ${log.shopIds.length} shops and ${log.keywords.length} keywords ${sessions.count} sessions can be ` +
      `learned from, none with one of the shops; expected users who act on several shops within ${sessionGapMinutes} minutes, and ` +
      `shops with ${countMin} actions or more; are the shop ids those of the shops, and at in order?`,
  );
}

function allLeftOut({ subsampling }: TrainingSettings): RequestError {
  return new RequestError(
    'subsampling',
    `must be more, or 0 for none: with ${subsampling} no shop had a pair left`,
  );
}
