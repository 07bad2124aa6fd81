/**
 * USearch's exact search: native code with the processor's widest instructions, on one thread. It knows no candidates:
 * all rows of its data set are ranked, so those of the candidates have to be gathered first.
 */
import { peerPackage } from './peer-package.ts';
import type { OpenPeers, PeerRequest, PeerTown, Rankings } from './peer.ts';

interface USearch {
  /** For N queries at once. `keys` are row numbers of the data set, `count` for each query. */
  readonly exactSearch: (
    dataset: Float32Array,
    queries: readonly Float32Array[],
    dimensions: number,
    count: number,
    metric: 'ip' | 'cos',
    threads: number,
  ) => { readonly keys: BigUint64Array };
}

export const openUSearchPeers: OpenPeers = async (town) => {
  const { exactSearch } = await peerPackage<USearch>('usearch');
  const { dimensions, shopCount } = town;

  // Inner product of unit rows: 'cos' took 1.5 times as long. One thread, as everybody here.
  function search(rows: Float32Array, { candidates, queries, k }: PeerRequest): Rankings {
    const count = Math.min(k, candidates.length);
    const { keys } = exactSearch(rows, queries, dimensions, count, 'ip', 1);
    return () =>
      queries.map((_, n) =>
        Array.from(keys.subarray(n * count, (n + 1) * count), (key) => candidates[Number(key)]!),
      );
  }

  const gathered = new Float32Array(shopCount * dimensions);
  const given = new WeakMap<PeerRequest, Float32Array>();
  return [
    {
      name: 'usearch, rows given',
      async: false,
      rank(request) {
        // The first time is the check's, so what is timed finds its rows.
        const rows = given.get(request) ?? gather(town, request, gathered).slice();
        given.set(request, rows);
        return search(rows, request);
      },
    },
    {
      name: 'usearch, rows gathered',
      async: false,
      rank: (request) => search(gather(town, request, gathered), request),
    },
  ];
};

/**
 * Copies the candidates' rows to the start of `out`, runs of neighbours at once. The start, since `exactSearch` reads from
 * the first byte of the buffer, wherever the view begins.
 */
function gather({ unitRows, dimensions }: PeerTown, { candidates }: PeerRequest, out: Float32Array) {
  let end = 0;
  for (let start = 0; start < candidates.length; start = end) {
    end = start + 1;
    while (end < candidates.length && candidates[end] === candidates[end - 1]! + 1) end++;
    const row = candidates[start]! * dimensions;
    out.set(unitRows.subarray(row, row + (end - start) * dimensions), start * dimensions);
  }
  return out.subarray(0, candidates.length * dimensions);
}
