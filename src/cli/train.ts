/** `doorrank train`: files of actions and shops become embeddings for `snapshot build`. */
import type { Command } from 'commander';
import { checkWritableDirectory } from '../base/check-writable.ts';
import { KEYWORD_CHARACTERS_MAX } from '../domain/action.ts';
import type { ActionLog } from '../training/action-log.ts';
import { readActionLog, type ReadActions } from '../training/read-action-log.ts';
import { readTrainingShops } from '../training/read-training-shops.ts';
import { trainEmbeddings, type TrainingReport } from '../training/train-embeddings.ts';
import type { TrainingOptions } from '../training/training-options.ts';
import { writeEmbeddings, type EmbeddingFiles } from '../training/write-embeddings.ts';
import { readPath, readPaths } from './option-values.ts';
import { trainDisplay } from './train-display.ts';
import { trainingOptions } from './training-options.ts';

interface TrainCommandOptions extends TrainingOptions {
  readonly actions: readonly string[];
  readonly shops: string;
  readonly out: string;
}

export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .description(
      'learn embeddings of shops and keywords from actions; nothing is learned unless every row is good',
    )
    .requiredOption(
      '--actions <path...>',
      'what users did: .csv, .ndjson or .parquet with userId, at, keyword or shopId …, or folders of them',
      readPaths,
    )
    .requiredOption('--shops <file>', 'shops: .csv, .ndjson or .parquet with shopId, lon, lat …', readPath)
    .requiredOption('--out <directory>', 'where shops.npy, keywords.ndjson and model-card.json go', readPath);
  for (const option of trainingOptions()) command.addOption(option);
  command
    .addHelpText(
      'after',
      `
Example:
  doorrank train --actions ./actions --shops shops.csv --out ./trained
  doorrank snapshot build --shops shops.csv --shop-vectors trained/shops.npy --keyword-vectors trained/keywords.ndjson \\
    --model-card trained/model-card.json --version 2026-11-22 --store ./store --activate`,
    )
    .action(runTrain);
}

async function runTrain({ actions, shops, out, ...settings }: TrainCommandOptions): Promise<void> {
  checkWritableDirectory(out);
  const display = trainDisplay();
  try {
    const found = await readTrainingShops(shops, (done, total) => display.read('shops', done, total));
    const read = await readActionLog(actions, (done, total) => display.read('actions', done, total));
    const startMs = performance.now();
    const trained = await trainEmbeddings(read.log, found, settings, (progress) => display.train(progress));
    const trainingMs = performance.now() - startMs;
    display.stop();
    const files = writeEmbeddings(trained, modelCard(read, trained.report), out);
    console.log([...learnedLines(read, trained.report, trainingMs), ...nextLines(shops, files)].join('\n'));
  } finally {
    display.stop();
  }
}

/** What the snapshot will say of itself. */
function modelCard({ log, impressionCount }: ReadActions, report: TrainingReport) {
  const instant = (row: number): string => new Date(log.atMs[row]!).toISOString();
  return {
    trainedBy: 'doorrank train',
    actionsFrom: instant(0),
    actionsTo: instant(log.count - 1),
    impressionCount,
    ...report,
  };
}

function learnedLines(
  { log, impressionCount }: ReadActions,
  report: TrainingReport,
  trainingMs: number,
): string[] {
  const { settings, losses, pairCount } = report;
  const seconds = trainingMs / 1000;
  const unlearned = Math.LN2 * (settings.negatives + 1);
  const lines = [
    `learned ${report.trainedShopCount} of ${report.shopCount} shops and ${report.keywordCount} keywords, ${settings.dimensions} dimensions`,
    `from    ${report.actionCount} actions of ${report.userCount} users: ${report.sessionActionCount} in ${report.sessionCount} sessions`,
    `types   ${typesText(log)}`,
    ...leftOutLines(report),
    `loss    ${losses[0]!.toFixed(3)} in the first of ${losses.length} epochs, ${losses.at(-1)!.toFixed(3)} in the last (knowing nothing: ${unlearned.toFixed(3)})`,
    `in      ${seconds.toFixed(1)} s, ${pairCount} pairs, ${(pairCount / seconds / 1e6).toFixed(1)} M a second in ${settings.threads} threads`,
  ];
  if (report.unknownShopCount > 0)
    lines.push(
      `${report.unknownShopCount} shops of the actions, with ${report.unknownShopActionCount} actions in sessions, are not among the shops: they are learned with, and not written`,
    );
  if (report.tooLongKeywordCount > 0)
    lines.push(
      `${report.tooLongKeywordCount} searched texts were left out of the keywords: normalized they are longer than ${KEYWORD_CHARACTERS_MAX} characters`,
    );
  if (impressionCount > 0) lines.push(`${impressionCount} impressions were left out`);
  return lines;
}

const TYPES_SHOWN_MAX = 12;

/** Any word is a type, so a misspelt one shows only here. */
function typesText({ types, typeNumbers }: ActionLog): string {
  const counts = new Uint32Array(types.length);
  for (const type of typeNumbers) counts[type]!++;
  const texts = types
    .map((type, i) => ({ type, count: counts[i]! }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ type, count }) => `${count} ${type}`);
  const more = texts.length - TYPES_SHOWN_MAX;
  return texts.slice(0, TYPES_SHOWN_MAX).join(', ') + (more > 0 ? ` and ${more} more types` : '');
}

/** A day, which joins check-ins. */
const DAY_MINUTES = 1_440;
/** Of all actions: from here on it is likelier that sessions were cut than that users do one thing at a time. */
const ALONE_SHARE_LARGE = 0.25;

function leftOutLines({ leftOut, aloneShare, settings }: TrainingReport): string[] {
  const { alone, repeated, rare, unwanted } = leftOut;
  const reasons = [
    [alone, 'alone in their session'],
    [rare, `on what has fewer than ${settings.countMin} actions`],
    [repeated, 'on the same as the one before'],
    [unwanted, 'dismissed or of weight 0 and below'],
  ] as const;
  const texts = reasons.flatMap(([count, reason]) => (count === 0 ? [] : [`${count} ${reason}`]));
  if (texts.length === 0) return [];
  const lines = [`without ${texts.join(', ')}`];
  const { sessionGapMinutes } = settings;
  if (aloneShare >= ALONE_SHARE_LARGE) {
    const longer = Math.max(DAY_MINUTES, 2 * sessionGapMinutes);
    lines.push(
      `warning: ${Math.round(100 * aloneShare)} % of the actions teach nothing, as no other is within ${sessionGapMinutes} minutes; for ` +
        `check-ins and the like give a longer gap, such as --session-gap-minutes ${longer}`,
    );
  }
  return lines;
}

function nextLines(shops: string, { shopVectors, keywordVectors, modelCard }: EmbeddingFiles): string[] {
  const keywords = keywordVectors === undefined ? '' : ` --keyword-vectors ${keywordVectors}`;
  return [
    `wrote   ${[shopVectors, keywordVectors, modelCard].filter(Boolean).join(', ')}`,
    `Next, with ${shops} as it is: the rows of ${shopVectors} stand in its order, and the model card tells whether they do`,
    `  doorrank snapshot build --shops ${shops} --shop-vectors ${shopVectors}${keywords} --model-card ${modelCard} --version … --store …`,
  ];
}
