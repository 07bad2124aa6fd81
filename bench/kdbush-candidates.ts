/** Candidates as one finds them with kdbush alone: the points in a box, then the exact distance of each. */
import KDBush from 'kdbush';
import type { Location } from '../src/domain/location.ts';
import {
  CHORD_SQUARED_UNLIMITED,
  chordSquared,
  chordSquaredOfMeters,
  metersOfChordSquared,
  writePosition,
} from '../src/geo/earth.ts';
import type { Generation } from '../src/snapshot/generation.ts';

/** A little less than a degree of latitude has anywhere, so no box is too small. Not for poles or the date line. */
const METERS_PER_DEGREE = 110_500;
const RADIANS_PER_DEGREE = Math.PI / 180;

export class KdbushCandidates {
  readonly #tree: KDBush;
  readonly #positions: Float64Array;
  readonly #reaches: Float64Array;
  readonly #reachMetersMax: number;
  readonly #center = new Float64Array(3);

  /** Indexes the shops of a snapshot by ordinal, from copies of its arrays. */
  constructor(generation: Generation) {
    const coordinates = generation.float64('coordinates');
    this.#positions = generation.float64('positions').slice();
    this.#reaches = generation.float64('reaches').slice();
    this.#reachMetersMax = metersOfChordSquared(this.#reaches.reduce((most, reach) => Math.max(most, reach)));
    this.#tree = new KDBush(this.#reaches.length);
    for (let at = 0; at < coordinates.length; at += 2) this.#tree.add(coordinates[at]!, coordinates[at + 1]!);
    this.#tree.finish();
  }

  /** The ordinals of the shops that deliver to `location`, in the order of the index. */
  find(location: Location, radiusMeters: number | undefined): number[] {
    const { lon, lat } = location;
    const height = Math.min(radiusMeters ?? Infinity, this.#reachMetersMax) / METERS_PER_DEGREE;
    const width = height / Math.cos((Math.abs(lat) + height) * RADIANS_PER_DEGREE);
    const limit = radiusMeters === undefined ? CHORD_SQUARED_UNLIMITED : chordSquaredOfMeters(radiusMeters);
    writePosition(lon, lat, this.#center, 0);
    return this.#tree.range(lon - width, lat - height, lon + width, lat + height).filter((ordinal) => {
      const squared = chordSquared(this.#center, 0, this.#positions, ordinal * 3);
      return squared <= limit && squared <= this.#reaches[ordinal]!;
    });
  }

  /** Meters from the location of the last `find` to a shop. */
  metersTo(ordinal: number): number {
    return metersOfChordSquared(chordSquared(this.#center, 0, this.#positions, ordinal * 3));
  }
}
