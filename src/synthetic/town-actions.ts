/**
 * What the users of a town do: an endless stream of sessions, most around lunch and dinner. In a session a user searches
 * a keyword of a liked cuisine, views shops that deliver home and are open, and sometimes orders from one of them.
 */
import { check } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Action, ActionTarget } from '../domain/action.ts';
import { CUISINES } from './cuisines.ts';
import { distanceTo, type DeliveringShops } from './delivering-shops.ts';
import { KeywordPick, NO_DISH, type TownKeyword } from './town-keywords.ts';
import { hoursOf, shopIdOf, type ShopColumns } from './town-shops.ts';
import type { TownUser, TownUsers } from './town-users.ts';
import { isOpen } from './week-hours.ts';
import { WeightedPick } from './weighted-pick.ts';

/** No action of a town is before this instant, a Sunday's midnight on the town's clock. */
export const TOWN_START_MS = Date.UTC(2026, 9, 31, 15);

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Every town keeps the clock of Seoul, wherever it lies. */
const CLOCK_AHEAD_OF_UTC_MS = 9 * HOUR_MS;
const SESSIONS_PER_USER_DAY = 0.5;
/** How busy each hour of the day is against the average. */
const DEMAND_BY_HOUR = [
  0.5, 0.3, 0.2, 0.1, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 1.1, 2, 2.2, 1.4, 0.8, 0.7, 0.9, 1.7, 2.7, 2.4, 1.6, 1.2,
  1, 0.8,
];
const DEMAND_MAX = Math.max(...DEMAND_BY_HOUR);
/** The part of sessions about any cuisine, and not one of the user's favourites. */
const CURIOUS_SHARE = 0.1;
const VIEWS_MAX = 4;
const ORDER_SHARE = 0.45;
/** A searched dish makes the shops known for it so many times as attractive. */
const DISH_PULL = 4;
/** A shop this far away is half as attractive. */
const NEAR_METERS = 1200;

interface TownLife {
  readonly shops: ShopColumns;
  readonly delivering: DeliveringShops;
  readonly keywords: readonly TownKeyword[];
  readonly users: TownUsers;
  readonly seed: number;
}

/** An action before it has its id, which counts in the order of time. */
type Step = ActionTarget & { readonly userId: string; readonly type: string; readonly atMs: number };

/** The first `count` actions, in the order of their time; ids are `a0`, `a1`, … */
export function* townActions(life: TownLife, count: number): Generator<Action> {
  check(count === 0 || life.users.count > 0, `${count} actions of no users`);
  if (count === 0) return;
  let actionNumber = 0;
  for (const step of stepsInOrder(new Sessions(life))) {
    yield { id: `a${actionNumber}`, ...step };
    if (++actionNumber === count) return;
  }
}

/** Sessions overlap, and begin in the order of time: what is before the beginning of the next one can go out. */
function* stepsInOrder(sessions: Sessions): Generator<Step> {
  let waiting: Step[] = [];
  // Sorting only when twice as many wait as were kept keeps the work per step small for any number of users.
  let waitingMax = 1;
  for (;;) {
    waiting.push(...sessions.next());
    if (waiting.length < waitingMax) continue;
    waiting.sort((a, b) => a.atMs - b.atMs);
    const kept = waiting.findIndex(({ atMs }) => atMs >= sessions.nextAtMs);
    const out = kept === -1 ? waiting : waiting.slice(0, kept);
    yield* out;
    waiting = waiting.slice(out.length);
    waitingMax = 2 * waiting.length + 1;
  }
}

/** All sessions of a town, one after another by their beginning. */
class Sessions {
  /** When the session that `next` returns begins. */
  nextAtMs = TOWN_START_MS;
  readonly #life: TownLife;
  readonly #random: Random;
  readonly #keywordPick: KeywordPick;
  readonly #curiousPick = new WeightedPick(CUISINES.map(({ share }) => share));

  constructor(life: TownLife) {
    this.#life = life;
    this.#random = new Random(life.seed);
    this.#keywordPick = new KeywordPick(life.keywords);
    this.#moveOn();
  }

  next(): Step[] {
    const random = this.#random;
    const user = this.#life.users.user(random.below(this.#life.users.count));
    const keyword = this.#life.keywords[this.#keywordPick.draw(this.#cuisineFor(user), random)]!;
    const by = { userId: user.userId };
    let atMs = this.nextAtMs;
    const steps: Step[] = [{ ...by, type: 'search', keyword: keyword.keyword, atMs }];
    const viewed = this.#viewedShops(user, keyword, atMs);
    for (const shopNumber of viewed) {
      atMs += this.#seconds(10, 90);
      steps.push({ ...by, type: 'view', shopId: shopIdOf(shopNumber), atMs });
    }
    if (viewed.length > 0 && random.unit() < ORDER_SHARE) {
      atMs += this.#seconds(60, 240);
      steps.push({ ...by, type: 'order', shopId: shopIdOf(random.pick(viewed)), atMs });
    }
    this.#moveOn();
    return steps;
  }

  #cuisineFor(user: TownUser): number {
    if (this.#random.unit() < CURIOUS_SHARE) return this.#curiousPick.draw(this.#random);
    const pick = new WeightedPick(user.tastes.map(({ weight }) => weight));
    return user.tastes[pick.draw(this.#random)]!.cuisine;
  }

  /** Different shops, the most attractive most often; none if none delivers now. */
  #viewedShops(user: TownUser, keyword: TownKeyword, atMs: number): number[] {
    const { shops, delivering } = this.#life;
    const { weekday, hour } = townClock(atMs);
    const open = delivering
      .to(user.place, keyword.cuisine)
      .filter((shopNumber) => isOpen(hoursOf(shops, shopNumber), weekday, hour));
    const attractions = open.map((shopNumber) => this.#attraction(shopNumber, user, keyword));
    const viewCount = Math.min(open.length, 1 + this.#random.below(VIEWS_MAX));
    return Array.from({ length: viewCount }, () => {
      const drawn = new WeightedPick(attractions).draw(this.#random);
      attractions[drawn] = 0;
      return open[drawn]!;
    });
  }

  #attraction(shopNumber: number, user: TownUser, keyword: TownKeyword): number {
    const { shops } = this.#life;
    const isKnownForDish = keyword.dish !== NO_DISH && keyword.dish === shops.dish[shopNumber];
    const nearness = 1 / (1 + (distanceTo(shops, shopNumber, user.place) / NEAR_METERS) ** 2);
    return Math.sqrt(shops.popularity[shopNumber]!) * nearness * (isKnownForDish ? DISH_PULL : 1);
  }

  /** Thins an even stream of sessions, so that each hour has its share of them. */
  #moveOn(): void {
    const random = this.#random;
    const gapMs = DAY_MS / (SESSIONS_PER_USER_DAY * this.#life.users.count * DEMAND_MAX);
    do {
      this.nextAtMs += Math.ceil(-Math.log(1 - random.unit()) * gapMs);
    } while (random.unit() * DEMAND_MAX >= DEMAND_BY_HOUR[Math.floor(townClock(this.nextAtMs).hour)]!);
  }

  #seconds(low: number, high: number): number {
    return Math.round(this.#random.between(low, high) * SECOND_MS);
  }
}

/** Weekday (0 for Monday) and hours since midnight in the town. */
function townClock(atMs: number): { weekday: number; hour: number } {
  const localMs = atMs + CLOCK_AHEAD_OF_UTC_MS;
  // 1970-01-01 was a Thursday.
  return { weekday: (Math.floor(localMs / DAY_MS) + 3) % 7, hour: (localMs % DAY_MS) / HOUR_MS };
}
