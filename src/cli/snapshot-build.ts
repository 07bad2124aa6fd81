/** `doorrank snapshot build`: files of shops and embeddings become a version of a store. */
import { Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { holidaysByZone } from '../catalog/holidays.ts';
import type { HoursSummary } from '../catalog/opening-hours-builder.ts';
import { shown } from '../base/validate.ts';
import { METRIC_CODE, type Metric } from '../kernel/kernel.ts';
import type { BuiltSnapshot } from '../snapshot/build-snapshot.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { buildWithProgress } from './build-with-progress.ts';
import { readJsonFile } from './json-file.ts';
import { readPath, readText, storeOption } from './option-values.ts';

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

async function runBuild({
  store: directory,
  activate,
  modelCard,
  holidays,
  ...files
}: BuildOptions): Promise<void> {
  const card = modelCard === undefined ? {} : { modelCard: readModelCard(modelCard) };
  const days = holidays === undefined ? {} : { holidays: holidaysByZone(readJsonFile(holidays)) };
  const store = SnapshotStore.open(directory, { create: true });
  const built = await buildWithProgress({ ...files, ...card, ...days }, store);
  const { version } = built;
  console.log([builtText(built), ...hoursLines(built.hours, files.timeZone)].join('\n'));
  if (!activate) return;
  const { previous } = store.activate(version);
  console.log(`${version} is active now; before: ${previous ?? 'nothing'}`);
}

/** What was understood, so that a misspelt column or swapped coordinates show at once. */
function builtText(built: BuiltSnapshot): string {
  const { path, version, shopCount, keywordCount, dimensions, bounds, columns, unfilterable } = built;
  const counts = `${shopCount} shops, ${keywordCount} keywords, ${dimensions} dimensions`;
  const lines = [`built ${path}: version ${version}, ${counts}`];
  if (bounds !== null)
    lines.push(`bounds   lon ${bounds[0]} to ${bounds[2]}, lat ${bounds[1]} to ${bounds[3]}`);
  if (built.userListCount > 0) lines.push(`lists    of ${built.userListCount} users`);
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

function readModelCard(path: string): { [key: string]: unknown } {
  const card = readJsonFile(path);
  if (typeof card === 'object' && card !== null && !Array.isArray(card))
    return card as { [key: string]: unknown };
  throw new EngineError('input_invalid', `${path} must hold a JSON object, such as { "trainedBy": "…" }`);
}
