/** Plain JavaScript loops: see `JavaScriptLoops`. */
import type { JavaScriptLoops } from '../javascript-loops.ts';
import type { Peer } from './peer.ts';

export function javaScriptPeer(loops: JavaScriptLoops): Peer {
  return {
    name: 'JavaScript loops',
    async: false,
    rank({ candidates, queries, k }) {
      const rankings = queries.map((query) => loops.rank(query, candidates, k));
      return () => rankings.map((ranking) => [...ranking]);
    },
  };
}
