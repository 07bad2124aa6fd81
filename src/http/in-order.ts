/** Works on what arrives several at a time and hands on the results in the order of arrival. */

/**
 * The results of `work` on everything in `arriving`, in order; then what `arriving` returned. At most `countMax` are
 * worked on or wait to be handed on. While a result is not taken nothing is begun, and while nothing arrives the
 * results of what has arrived come. `work` must not reject.
 */
export async function* inOrder<T, R, E>(
  arriving: AsyncIterator<T, E>,
  work: (arrived: T) => Promise<R>,
  countMax: number,
): AsyncGenerator<R, E> {
  const results: Promise<R>[] = [];
  let next = arriving.next();
  for (;;) {
    const contenders: Promise<IteratorResult<T, E> | null>[] = [];
    if (results.length < countMax) contenders.push(next);
    if (results.length > 0) contenders.push(results[0]!.then(() => null));
    const arrived = await Promise.race(contenders);
    if (arrived === null) {
      yield results.shift()!;
    } else if (arrived.done !== true) {
      results.push(work(arrived.value));
      next = arriving.next();
    } else {
      for (const result of results) yield result;
      return arrived.value;
    }
  }
}
