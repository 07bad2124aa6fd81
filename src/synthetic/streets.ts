/**
 * The streets of a town: neighbourhoods of different size around its center, each with a few streets on its own grid.
 * Shops and homes lie along them, so places are clustered as in a city and not uniform noise.
 */
import type { Random } from '../base/random.ts';
import { WeightedPick } from './weighted-pick.ts';

/** Meters east and north of the town's center. */
export interface Place {
  readonly east: number;
  readonly north: number;
  /** Number of the neighbourhood it is in. */
  readonly neighbourhood: number;
}

interface Street {
  readonly neighbourhood: number;
  /** Its middle. */
  readonly east: number;
  readonly north: number;
  /** Its direction, of length 1. */
  readonly alongEast: number;
  readonly alongNorth: number;
  readonly lengthMeters: number;
  /** How many of the town's shops it draws, relative to other streets. */
  readonly weight: number;
}

// A town grows outwards: on average this many shops for a square kilometer, several times as many in its middle.
const SHOPS_PER_SQUARE_KILOMETER = 60;
const SHOPS_PER_NEIGHBOURHOOD = 100;
const NEIGHBOURHOODS_MIN = 6;
/** Uniform over a disc would be 0.5; more draws neighbourhoods towards the center. */
const CENTRALITY = 0.8;

/** The streets of one town. */
export class Streets {
  readonly neighbourhoodNames: readonly string[];
  readonly #streets: readonly Street[];
  readonly #pick: WeightedPick;

  constructor(shopCount: number, random: Random) {
    const neighbourhoodCount = Math.max(NEIGHBOURHOODS_MIN, Math.round(shopCount / SHOPS_PER_NEIGHBOURHOOD));
    const townRadiusMeters = 1000 * Math.sqrt(shopCount / (Math.PI * SHOPS_PER_SQUARE_KILOMETER));
    const streets: Street[] = [];
    for (let neighbourhood = 0; neighbourhood < neighbourhoodCount; neighbourhood++) {
      streets.push(...streetsOfNeighbourhood(neighbourhood, townRadiusMeters, random));
    }
    this.#streets = streets;
    this.#pick = new WeightedPick(streets.map((street) => street.weight));
    this.neighbourhoodNames = neighbourhoodNames(neighbourhoodCount, random);
  }

  /** A place on a street, at most `setbackMetersMax` from its middle line; busy streets have more. */
  place(setbackMetersMax: number, random: Random): Place {
    const street = this.#streets[this.#pick.draw(random)]!;
    const along = street.lengthMeters * random.between(-0.5, 0.5);
    const across = random.between(-setbackMetersMax, setbackMetersMax);
    return {
      east: street.east + along * street.alongEast - across * street.alongNorth,
      north: street.north + along * street.alongNorth + across * street.alongEast,
      neighbourhood: street.neighbourhood,
    };
  }
}

function streetsOfNeighbourhood(neighbourhood: number, townRadiusMeters: number, random: Random): Street[] {
  const distance = townRadiusMeters * random.unit() ** CENTRALITY;
  const bearing = random.between(0, 2 * Math.PI);
  const gridAngle = random.between(0, Math.PI / 2);
  const spreadMeters = random.between(120, 400);
  const liveliness = Math.exp(0.8 * random.normal());
  return Array.from({ length: 3 + random.below(6) }, () => {
    const angle = gridAngle + (random.unit() < 0.5 ? 0 : Math.PI / 2);
    return {
      neighbourhood,
      east: distance * Math.sin(bearing) + spreadMeters * random.normal(),
      north: distance * Math.cos(bearing) + spreadMeters * random.normal(),
      alongEast: Math.sin(angle),
      alongNorth: Math.cos(angle),
      lengthMeters: random.between(150, 600),
      weight: liveliness * random.between(0.3, 1),
    };
  });
}

const FIRST_SYLLABLES =
  '가나다라마미비새서소수송신아안여연영오옥온용운유은이인자정주지진채청초태하한해현화효'.split('');
const SECOND_SYLLABLES =
  '강곡구남당대덕동둔란련림명문방봉북산상선성솔암양원월율은일전정주진천촌평포현호화'.split('');

/** Names such as 새솔동. A town with more neighbourhoods than names numbers them, as Seoul does: 새솔2동. */
function neighbourhoodNames(count: number, random: Random): string[] {
  const stems = FIRST_SYLLABLES.flatMap((first) => SECOND_SYLLABLES.map((second) => first + second));
  random.shuffle(stems);
  return Array.from({ length: count }, (_, neighbourhood) => {
    const round = Math.floor(neighbourhood / stems.length);
    return `${stems[neighbourhood % stems.length]!}${round === 0 ? '' : round + 1}동`;
  });
}
