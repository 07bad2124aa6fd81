/** How like each other the winners are: the cosines that keep a list from saying the same twice. */
import { RequestBlock } from './memory';
import { dotOfRows } from './similarity';

/** Raises the cosine of every winner to that of its row and the row of the candidate at `position`; 0 where a norm is 0. */
export function coverBy(block: RequestBlock, position: u32): void {
  const chosen = load<u32>(block.candidates + (position << 2));
  const chosenNorm = load<f64>(block.norms + (chosen << 3));
  for (let place: u32 = 0; place < block.winnerCount; place++) {
    const ordinal = load<u32>(block.candidates + (load<u32>(block.winners + (place << 2)) << 2));
    const norms = chosenNorm * load<f64>(block.norms + (ordinal << 3));
    const cosine: f64 = norms == 0 ? 0 : dotOfRows(block, chosen, ordinal) / norms;
    const largest = block.winnerCosines + (place << 3);
    store<f64>(largest, max(load<f64>(largest), cosine));
  }
}
