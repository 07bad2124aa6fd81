/** Random numbers of a thread: SplitMix64 (Steele, Lea & Flood, OOPSLA 2014). An instance trains one chunk at a time. */
let state: u64 = 0;

/** Every chunk has a stream of its own, so that it does not matter which thread takes it. */
export function startRandom(seed: u32, chunk: u32): void {
  state = (<u64>seed << 32) | chunk;
  state = nextRandom();
}

@inline
export function nextRandom(): u64 {
  state += 0x9e3779b97f4a7c15;
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** A whole number in [0, bound) from the upper half of `random`. */
@inline
export function below(bound: u32, random: u64): u32 {
  return <u32>(((random >> 32) * bound) >> 32);
}
