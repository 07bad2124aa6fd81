/** `doorrank snapshot build`: files of shops and embeddings become a version of a store. */
import { Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { holidaysByZone } from '../catalog/holidays.ts';
import type { HoursSummary } from '../catalog/opening-hours-builder.ts';
import { shown } from '../base/validate.ts';
import { METRIC_CODE, type Metric } from '../kernel/kernel.ts';
import { learnedDefaults } from '../recommender/request-defaults.ts';
import type { BuiltSnapshot, CountedShops } from '../snapshot/build-snapshot.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { countShopSignals, SIGNAL_DEFAULTS } from '../training/shop-signals.ts';
import { buildWithProgress } from './build-with-progress.ts';
import { readJsonFile } from './json-file.ts';
import { inWords, readPath, readPaths, readPositive, readText, storeOption } from './option-values.ts';
import { readLog } from './read-log.ts';

interface BuildOptions {
  readonly shops: string;
  readonly shopVectors: string;
  readonly keywordVectors?: string;
  readonly userLists?: string;
  readonly version: string;
  readonly store: string;
  readonly metric: Metric;
  readonly timeZone?: string;
  readonly holidays?: string;
  readonly modelCard?: string;
  readonly requestDefaults?: string;
  readonly actions?: readonly string[];
  readonly sessionGapMinutes: number;
  readonly popularityHalfLifeDays: number;
  readonly activate?: true;
}

export function snapshotBuildCommand(snapshot: Command): void {
  snapshot
    .command('build')
    .description('build a snapshot from files; nothing is written unless every row is good')
    .requiredOption('--shops <file>', 'shops: .csv, .ndjson or .parquet with shopId, lon, lat …', readPath)
    .requiredOption(
      '--shop-vectors <file>',
      'their embeddings: .npy or .f32 in the order of the shops, or .ndjson or .parquet',
      readPath,
    )
    .option(
      '--keyword-vectors <file>',
      'embeddings of keywords: .ndjson or .parquet with keyword, vector',
      readPath,
    )
    .option(
      '--user-lists <file>',
      'shops chosen for users ahead of time, best first: .ndjson or .parquet with userId, shopIds',
      readPath,
    )
    .option(
      '--actions <paths...>',
      'what users did, as of train: popularity where the shops have none, hours, and which shops go together',
      readPaths,
    )
    .option(
      '--session-gap-minutes <minutes>',
      'with --actions: one thing leads to the next unless the user pauses for longer',
      readPositive,
      SIGNAL_DEFAULTS.sessionGapMinutes,
    )
    .option(
      '--popularity-half-life-days <days>',
      'with --actions: an action that is so many days older than the newest counts half',
      readPositive,
      SIGNAL_DEFAULTS.popularityHalfLifeDays,
    )
    .requiredOption('--version <name>', 'name of the new version, such as 2026-11-22', readText)
    .addOption(storeOption().makeOptionMandatory())
    .addOption(
      new Option('--metric <name>', 'similarity that the embeddings were made for')
        .choices(Object.keys(METRIC_CODE))
        .default('cosine' satisfies Metric),
    )
    .option(
      '--time-zone <name>',
      'of the opening hours of shops without a timeZone, such as Asia/Seoul (default: UTC)',
      readText,
    )
    .option(
      '--holidays <file>',
      'public holidays for hours that name PH, as JSON: {"Asia/Seoul":["2026-12-25"]}',
      readPath,
    )
    .option('--model-card <file>', 'JSON object kept in the snapshot: who trained it, on what', readPath)
    .option(
      '--request-defaults <file>',
      'JSON of what requests to this version are answered with that do not say it, such as the weights of doorrank fit',
      readPath,
    )
    .option('--activate', 'make it the active version; running servers swap to it by themselves')
    .addHelpText(
      'after',
      `
Example:
  doorrank snapshot build --shops shops.csv --shop-vectors shops.npy --keyword-vectors keywords.ndjson \\
    --time-zone Asia/Seoul --version 2026-11-22 --store ./store --activate`,
    )
    .action(runBuild);
}

async function runBuild(options: BuildOptions, command: Command): Promise<void> {
  checkUsage(options, command);
  const {
    store: directory,
    activate,
    modelCard,
    requestDefaults,
    holidays,
    actions,
    sessionGapMinutes,
    popularityHalfLifeDays,
    ...files
  } = options;
  const card = {
    ...(modelCard !== undefined && readModelCard(modelCard)),
    ...(requestDefaults !== undefined && { requestDefaults: readRequestDefaults(requestDefaults) }),
  };
  const days = holidays === undefined ? {} : { holidays: holidaysByZone(readJsonFile(holidays)) };
  const store = SnapshotStore.open(directory, { create: true });
  const log = actions && (await readLog(actions, 'actions'));
  const timeZone = files.timeZone ?? 'UTC';
  const counting = { timeZone, sessionGapMinutes, popularityHalfLifeDays, nowMs: Date.now() };
  const signals = log && ((shops: CountedShops) => countShopSignals(log, shops, counting));
  const built = await buildWithProgress({ ...files, modelCard: card, ...days, signals }, store);
  const { version } = built;
  console.log([builtText(built), ...hoursLines(built.hours, files.timeZone)].join('\n'));
  if (!activate) return;
  const { previous } = store.activate(version);
  console.log(`${version} is active now; before: ${previous ?? 'nothing'}`);
}

/** Options that say how actions are counted say nothing without any. */
function checkUsage({ actions }: BuildOptions, command: Command): void {
  if (actions !== undefined) return;
  const counting: (keyof BuildOptions)[] = ['sessionGapMinutes', 'popularityHalfLifeDays'];
  const given = counting.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  command.error(
    `error: --${inWords(given)} says how --actions are counted; name them by --actions or leave it out`,
  );
}

/** What was understood, so that a misspelt column or swapped coordinates show at once. */
function builtText(built: BuiltSnapshot): string {
  const { path, version, shopCount, keywordCount, dimensions, bounds, columns, unfilterable } = built;
  const counts = `${shopCount} shops, ${keywordCount} keywords, ${dimensions} dimensions`;
  const lines = [`built ${path}: version ${version}, ${counts}`];
  if (bounds !== null)
    lines.push(`bounds   lon ${bounds[0]} to ${bounds[2]}, lat ${bounds[1]} to ${bounds[3]}`);
  if (built.userListCount > 0) lines.push(`lists    of ${built.userListCount} users`);
  if (built.countedActions !== null) {
    const { count, from, to } = built.countedActions;
    lines.push(`counted  ${count} actions at these shops, ${from} to ${to}`);
  }
  if (built.zoneCount > 0)
    lines.push(`zones    ${built.zoneCount}, ${built.hours.zoneStatedCount} with hours of their own`);
  lines.push(`filters  ${columns.join(', ')}`);
  if (unfilterable.length > 0)
    lines.push(
      `no filter on ${unfilterable.join(', ')}: values of different kinds, nested, or in long lists`,
    );
  if (built.unlimitedCount > 0)
    lines.push(`${built.unlimitedCount} shops without deliveryRadiusMeters or zone deliver everywhere`);
  return lines.join('\n');
}

/** What shops are taken to be open when, and why some are not. */
function hoursLines(hours: HoursSummary, timeZone: string | undefined): string[] {
  const { knownCount, unstatedCount, unreadableCount, timeZoneAssumedCount, holidaysMissingCount } = hours;
  const lines = [
    `hours    of ${countText(knownCount, 'shop')}; unknown of ${unstatedCount + unreadableCount}, which count as open`,
  ];
  if (hours.unreadable.length > 0) {
    const whose = [countText(unreadableCount, 'shop'), countText(hours.zoneUnreadableCount, 'zone')];
    lines.push(
      `openingHours of ${whose.filter((text) => !text.startsWith('0')).join(' and ')} cannot be read:`,
    );
  }
  for (const { text, fault, count, shopIds } of hours.unreadable) {
    const more = count > shopIds.length ? ' …' : '';
    lines.push(`  ${count} × ${shown(text)} ${fault}: ${shopIds.map(shown).join(', ')}${more}`);
  }
  if (timeZoneAssumedCount > 0 && timeZone === undefined) {
    const have = timeZoneAssumedCount === 1 ? 'has' : 'have';
    lines.push(
      `warning: ${countText(timeZoneAssumedCount, 'shop')} with hours ${have} no timeZone; UTC is taken, say another by --time-zone`,
    );
  }
  if (holidaysMissingCount > 0)
    lines.push(
      `warning: the hours of ${countText(holidaysMissingCount, 'shop')} name public holidays (PH), none are known in their time ` +
        'zone; those rules never apply, give --holidays',
    );
  return lines;
}

function countText(count: number, what: 'shop' | 'zone'): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Throws `input_invalid` if no request could be answered with them. */
function readRequestDefaults(path: string): unknown {
  const requestDefaults = readJsonFile(path);
  return learnedDefaults({ requestDefaults }, (problem) => {
    throw new EngineError('input_invalid', `${path}: ${problem}`);
  });
}

/** Throws `input_invalid` also for `requestDefaults` in it that no request could be answered with. */
function readModelCard(path: string): ModelCard {
  const card = readJsonFile(path);
  if (typeof card !== 'object' || card === null || Array.isArray(card))
    throw new EngineError('input_invalid', `${path} must hold a JSON object, such as { "trainedBy": "…" }`);
  learnedDefaults(card, (problem) => {
    throw new EngineError('input_invalid', `${path}: requestDefaults.${problem}`);
  });
  return card as ModelCard;
}
