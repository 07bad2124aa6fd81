/** The users of a town: where they live and what they like. Drawn when asked for, so there may be millions. */
import { check } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Location } from '../domain/location.ts';
import { CUISINES } from './cuisines.ts';
import type { Place, Streets } from './streets.ts';
import { cuisineLikeness, type TasteSpace } from './taste-space.ts';
import { locationOnPlane } from './town-plane.ts';
import { WeightedPick } from './weighted-pick.ts';

/** How much a user likes a category; the weights of a user sum to 1. */
export interface Taste {
  readonly category: string;
  /** Place in `CUISINES`. */
  readonly cuisine: number;
  readonly weight: number;
}

export interface TownUser {
  readonly userId: string;
  /** Two or three favourites, the dearest first. */
  readonly tastes: readonly Taste[];
  readonly home: Location;
  /** The home on the town's plane. */
  readonly place: Place;
}

const HOME_SETBACK_METERS_MAX = 150;
/** How much dearer each favourite is than the next. */
const TASTE_STEP = 0.55;
/** The favourites of one user resemble each other: e^(this × cosine) times as likely. */
const LIKENESS_PULL = 2.5;

/** The same seed and user number give the same user, in whatever order users are asked for. */
export class TownUsers {
  readonly count: number;
  readonly #center: Location;
  readonly #streets: Streets;
  readonly #seed: number;
  readonly #firstTaste = new WeightedPick(CUISINES.map(({ share }) => share));
  /** By the cuisine of the first favourite. */
  readonly #nextTaste: readonly WeightedPick[];

  constructor(count: number, center: Location, streets: Streets, space: TasteSpace, seed: number) {
    this.count = count;
    this.#center = center;
    this.#streets = streets;
    this.#seed = seed;
    this.#nextTaste = CUISINES.map((_, first) => {
      const weights = CUISINES.map(({ share }, other) => {
        return other === first ? 0 : share * Math.exp(LIKENESS_PULL * cuisineLikeness(space, first, other));
      });
      return new WeightedPick(weights);
    });
  }

  user(userNumber: number): TownUser {
    check(userNumber >= 0 && userNumber < this.count, `user ${userNumber} of a town of ${this.count}`);
    const random = new Random(this.#seed + userNumber);
    const place = this.#streets.place(HOME_SETBACK_METERS_MAX, random);
    const home = locationOnPlane(this.#center, place.east, place.north);
    return { userId: `u${userNumber}`, tastes: this.#tastes(random), home, place };
  }

  #tastes(random: Random): Taste[] {
    const first = this.#firstTaste.draw(random);
    const favourites = new Set([first]);
    const favouriteCount = 2 + random.below(2);
    while (favourites.size < favouriteCount) favourites.add(this.#nextTaste[first]!.draw(random));
    const weights = [...favourites].map((_, rank) => TASTE_STEP ** rank);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return [...favourites].map((cuisine, rank) => ({
      category: CUISINES[cuisine]!.category,
      cuisine,
      weight: weights[rank]! / total,
    }));
  }
}
