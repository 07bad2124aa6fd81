/** Lists as the pages of a Parquet column, cut anywhere. */
import type { Random } from '../src/base/random.ts';

/** The entries of `lists` as Dremel writes them, in pages of random size. */
export async function* cutPages(lists: readonly (readonly (number | null)[] | null)[], random: Random) {
  const entries = lists.flatMap((list) => {
    if (list === null || list.length === 0)
      return [{ repetition: 0, definition: list === null ? 0 : 1, value: null }];
    return list.map((value, i) => ({
      repetition: i === 0 ? 0 : 1,
      definition: value === null ? 2 : 3,
      value,
    }));
  });
  while (entries.length > 0) {
    const page = entries.splice(0, 1 + random.below(6));
    const isWhole = page.every(({ definition }) => definition === 3);
    yield {
      entryCount: page.length,
      repetitionLevels: page.map(({ repetition }) => repetition),
      definitionLevels: isWhole ? [] : page.map(({ definition }) => definition),
      values: page.flatMap(({ value }) => value ?? []),
    };
  }
}
