/** Squared chords from a location to the candidates, square meters: measured once for all signals of a request. */
import type { Location } from '../../domain/location.ts';
import { writePosition } from '../../geo/earth.ts';
import type { ReachTree } from '../../geo/reach-tree.ts';
import type { Lane } from '../../kernel/lane.ts';

export class Chords {
  /** The squared chord to any shop. */
  readonly squaredTo: (ordinal: number) => number;
  readonly #reachTree: ReachTree;
  readonly #location: Location;
  #measured: Float64Array | undefined;

  constructor(reachTree: ReachTree, location: Location) {
    this.squaredTo = reachTree.chordsSquaredFrom(location);
    this.#reachTree = reachTree;
    this.#location = location;
  }

  /** By position; `lane` holds the candidates of one and the same request. */
  squaredIn(lane: Lane): Float64Array {
    if (this.#measured !== undefined) return this.#measured;
    const center = new Float64Array(3);
    writePosition(this.#location.lon, this.#location.lat, center, 0);
    const [x, y, z] = center as unknown as [number, number, number];
    return (this.#measured = lane.squaredDistances(this.#reachTree.positionsAddress, [x, y, z]));
  }
}
