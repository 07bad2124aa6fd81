/**
 * Skip-gram with negative sampling over sessions (Mikolov et al., NIPS 2013), as Airbnb trains its listings (Grbovic &
 * Cheng, KDD 2018): negatives come from everywhere and from the neighbourhood of the shop, and what was ordered in the end
 * of a session is context of all that was done in it.
 *
 * Each token in turn is the output, and the tokens around it are inputs that share its negatives (Ji et al. 2016, HogBatch).
 * `test/train-oracle.ts` has a plain twin that gives the same bits.
 */
import { Draw, Lane, Model, NO_ROW } from './memory';
import { below, nextRandom, startRandom } from './random';
import { GROUP, step, stepLoss } from './step';

/** Addresses of the outputs in `lane.outputs`: how many there are, and how many groups of `GROUP` they fill. */
let outputCount: u32 = 0;
let groupCount: u32 = 0;

/** Trains the sessions `first` to `end` once, with the random numbers of `chunk`; adds to the sums of the lane. */
export function trainSessions(
  modelAt: usize,
  laneAt: usize,
  first: u32,
  end: u32,
  seed: u32,
  chunk: u32,
  rate: f32,
): void {
  const model = changetype<Model>(modelAt);
  const lane = changetype<Lane>(laneAt);
  startRandom(seed, chunk);
  for (let session = first; session < end; session++) {
    const count = keepSome(model, lane, session);
    if (count < 2) continue;
    for (let i: u32 = 0; i < count; i++) {
      const reach: u32 = 1 + below(model.window, nextRandom());
      const low = i > reach ? i - reach : 0;
      const high = min(i + reach + 1, count);
      trainOutput(model, lane, keptAt(lane, i), low, high, rate);
    }
    const order = load<u32>(model.orders + (session << 2));
    if (order == NO_ROW) continue;
    for (let low: u32 = 0; low < count; low += 2 * model.window)
      trainOutput(model, lane, order, low, min(low + 2 * model.window, count), rate);
  }
}

/** Writes the tokens of a session that take part to the lane; returns how many do. Frequent ones are left out at times. */
function keepSome(model: Model, lane: Lane, session: u32): u32 {
  const start = load<u32>(model.sessionStarts + (session << 2));
  const end = load<u32>(model.sessionStarts + (session << 2), 4);
  let count: u32 = 0;
  for (let i = start; i < end; i++) {
    const token = load<u32>(model.tokens + (i << 2));
    const threshold = load<u32>(model.keepThresholds + (token << 2));
    if (threshold != u32.MAX_VALUE && <u32>nextRandom() >= threshold) continue;
    store<u32>(lane.kept + (count << 2), token);
    count++;
  }
  return count;
}

@inline
function keptAt(lane: Lane, i: u32): u32 {
  return load<u32>(lane.kept + (i << 2));
}

/** Trains the kept tokens `low` to `high`, but not `token` itself, to have `token` in their context. */
function trainOutput(model: Model, lane: Lane, token: u32, low: u32, high: u32, rate: f32): void {
  const rowBytes = model.rowBytes;
  let pairCount: u32 = 0;
  let loss: f64 = 0;
  drawOutputs(model, lane, token);
  for (let i = low; i < high; i++) {
    const input = keptAt(lane, i);
    if (input == token) continue;
    const row = model.inputs + input * rowBytes;
    for (let group: u32 = 0; group < groupCount; group++) {
      step(row, lane.outputs + group * GROUP * 4, min(GROUP, outputCount - group * GROUP), group == 0, rowBytes, rate);
      loss += stepLoss;
    }
    pairCount++;
  }
  lane.lossSum += loss;
  lane.pairCount += pairCount;
}

/** Writes the addresses of the output rows of `token` and its negatives; the spare row fills up the last group. */
function drawOutputs(model: Model, lane: Lane, token: u32): void {
  const neighbourhood = load<u32>(model.neighbourhoods + (token << 2));
  setOutput(model, lane, 0, token);
  outputCount = 1;
  for (let n: u32 = 0; n < model.negativeCount; n++) {
    const negative = draw(model, n < model.nearbyNegativeCount ? neighbourhood : 0);
    if (negative != token) setOutput(model, lane, outputCount++, negative);
  }
  groupCount = (outputCount + GROUP - 1) / GROUP;
  for (let at = outputCount; at < groupCount * GROUP; at++) setOutput(model, lane, at, model.rowCount);
}

@inline
function setOutput(model: Model, lane: Lane, at: u32, row: u32): void {
  store<u32>(lane.outputs + (at << 2), model.outputs + row * model.rowBytes);
}

/** A token of a list, each as often as the list says. */
function draw(model: Model, list: u32): u32 {
  const start = load<u32>(model.drawStarts + (list << 2));
  const end = load<u32>(model.drawStarts + (list << 2), 4);
  const random = nextRandom();
  const at = start + below(end - start, random);
  const entry = changetype<Draw>(<usize>model.draws + at * offsetof<Draw>());
  return <u32>random < entry.threshold ? entry.row : entry.aliasRow;
}
