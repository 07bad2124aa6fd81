/** What rankers answer cases from: a log with its cut, and the shops of the snapshot that is judged. */
import type { Location } from '../domain/location.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { EvaluationCase } from './cases.ts';
import type { CutLog } from './time-cut.ts';
import { townCenter } from './town-center.ts';
import { wantedRows } from './wanted-rows.ts';

export class Setting {
  readonly cut: CutLog;
  readonly generation: Generation;
  readonly shopCount: number;
  /** uint8 by row: 1 for actions that say a user wanted a shop, of whatever type. */
  readonly wanted: Uint8Array;
  /** float64 by ordinal: wanting actions of the training part. The order of shops of which nothing else is known. */
  readonly popularity: Float64Array;
  readonly #center: Location;
  /** int32 by place in `log.shopIds`; -1 for shops that the snapshot does not know. */
  readonly #ordinals: Int32Array;

  constructor(cut: CutLog, generation: Generation) {
    const { log, testStart } = cut;
    this.cut = cut;
    this.generation = generation;
    this.shopCount = generation.header.shopCount;
    this.#ordinals = Int32Array.from(log.shopIds, (shopId) => generation.catalog.ids.ordinalOf(shopId));
    this.wanted = wantedRows(log);
    this.popularity = new Float64Array(this.shopCount);
    for (let row = 0; row < testStart; row++) {
      const ordinal = this.wantedOrdinal(row);
      if (ordinal !== -1) this.popularity[ordinal]!++;
    }
    this.#center = townCenter(generation);
  }

  /** The shop at a place in `log.shopIds`; -1 if the snapshot does not know it. */
  ordinalOf(place: number): number {
    return this.#ordinals[place]!;
  }

  /** The relevant shops of a case that the snapshot knows. */
  relevantOrdinals({ relevant }: EvaluationCase): Set<number> {
    const ordinals = new Set(relevant.map((place) => this.ordinalOf(place)));
    ordinals.delete(-1);
    return ordinals;
  }

  /** The shop that the action of a row says its user wanted; -1 if it says none or the snapshot does not know it. */
  wantedOrdinal(row: number): number {
    return this.wanted[row] === 1 ? this.#ordinals[this.cut.log.targets[row]!]! : -1;
  }

  /** The shop of the newest action before the case that the snapshot knows; -1 without any. */
  lastOrdinal({ history }: EvaluationCase): number {
    const { targets } = this.cut.log;
    for (let i = history.length - 1; i >= 0; i--) {
      const ordinal = this.#ordinals[targets[history[i]!]!] ?? -1; // undefined for a keyword
      if (ordinal !== -1) return ordinal;
    }
    return -1;
  }

  /**
   * Where the user is taken to be, since logs do not say: at the shop of the newest action before the case, or, where
   * there is none, in the centre of the town.
   */
  locationOf(asked: EvaluationCase): Location {
    const ordinal = this.lastOrdinal(asked);
    return ordinal === -1 ? this.#center : coordinateOf(this.generation, ordinal);
  }
}

function coordinateOf(generation: Generation, ordinal: number): Location {
  const coordinates = generation.float64('coordinates');
  return { lon: coordinates[ordinal * 2]!, lat: coordinates[ordinal * 2 + 1]! };
}
