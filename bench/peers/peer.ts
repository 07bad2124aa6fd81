/** What a peer is: another engine that ranks the same candidates by the same query vectors. */

/** What every peer loads, its own way, before anything is timed. */
export interface PeerTown {
  /** The snapshot's rows by ordinal, made unit length, so that a peer may rank by whatever is its fastest way to the cosine. */
  readonly unitRows: Float32Array;
  readonly dimensions: number;
  readonly shopCount: number;
}

export interface PeerRequest {
  /** Ordinals, ascending. */
  readonly candidates: Uint32Array;
  /** Unit length. */
  readonly queries: readonly Float32Array[];
  /** Entries of each ranking. */
  readonly k: number;
}

/** Reads an answer out, for the check alone: ordinals for each query vector, best first. */
export type Rankings = () => readonly (readonly number[])[];

export interface Peer {
  readonly name: string;
  /** True if `rank` returns a promise. */
  readonly async: boolean;
  /** Ranks the candidates by cosine for each query vector. */
  rank(request: PeerRequest): Rankings | Promise<Rankings>;
  close?(): void | Promise<void>;
}

/** Loads a town; one engine may be several peers by how it is used. Throws if the peer cannot run here. */
export type OpenPeers = (town: PeerTown) => Promise<readonly Peer[]>;

/** A row as `[…]`, which the databases read as a vector. Every float32 survives it. */
export function vectorText(vector: Float32Array): string {
  return `[${vector.join()}]`;
}

export function unitRow({ unitRows, dimensions }: PeerTown, ordinal: number): Float32Array {
  return unitRows.subarray(ordinal * dimensions, (ordinal + 1) * dimensions);
}
