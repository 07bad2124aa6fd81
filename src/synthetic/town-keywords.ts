/** What the users of a town search: cuisines and dishes, in Korean and English, each as often as it is popular. */
import type { Random } from '../base/random.ts';
import { CUISINES } from './cuisines.ts';
import { WeightedPick } from './weighted-pick.ts';

/** `dish` of a keyword that means the cuisine as such. */
export const NO_DISH = -1;

export interface TownKeyword {
  readonly keyword: string;
  /** How often it was searched in the month before the town's first action. */
  readonly count: number;
  /** The category of the shops that it is about. */
  readonly category: string;
  /** Places in `CUISINES` and in its `dishes`. */
  readonly cuisine: number;
  readonly dish: number;
}

/** Searches a month for every shop of the town. */
const SEARCHES_PER_SHOP = 30;
/** The weight of a text's first, second, third … spelling. */
const SPELLING_WEIGHTS = [1, 0.35, 0.2, 0.1];

/** The keywords of a town, cuisine by cuisine. */
export function townKeywords(shopCount: number): TownKeyword[] {
  const shares = CUISINES.flatMap((cuisine, cuisineNumber) => {
    const texts = [cuisine.keywords, ...cuisine.dishes].flatMap((spellings, row) =>
      spellings.map((keyword, spelling) => ({
        keyword,
        category: cuisine.category,
        cuisine: cuisineNumber,
        dish: row === 0 ? NO_DISH : row - 1,
        weight: SPELLING_WEIGHTS[spelling]! / (row === 0 ? 1 : row),
      })),
    );
    const total = texts.reduce((sum, { weight }) => sum + weight, 0);
    return texts.map(({ weight, ...text }) => ({ ...text, share: (cuisine.share * weight) / total }));
  });
  const shareTotal = shares.reduce((sum, { share }) => sum + share, 0);
  const searches = SEARCHES_PER_SHOP * shopCount;
  return shares.map(({ share, ...text }) => ({
    ...text,
    count: Math.max(1, Math.round((searches * share) / shareTotal)),
  }));
}

/** Draws keywords of one cuisine, each as often as its count says. */
export class KeywordPick {
  readonly #byCuisine: readonly { keywordNumbers: number[]; pick: WeightedPick }[];

  constructor(keywords: readonly TownKeyword[]) {
    this.#byCuisine = CUISINES.map((_, cuisine) => {
      const keywordNumbers = [...keywords.keys()].filter((number) => keywords[number]!.cuisine === cuisine);
      return {
        keywordNumbers,
        pick: new WeightedPick(keywordNumbers.map((number) => keywords[number]!.count)),
      };
    });
  }

  /** The number of a keyword about `cuisine`. */
  draw(cuisine: number, random: Random): number {
    const { keywordNumbers, pick } = this.#byCuisine[cuisine]!;
    return keywordNumbers[pick.draw(random)]!;
  }
}
