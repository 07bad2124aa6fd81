/** The signals by name. */
import { RequestError } from '../../base/errors.ts';
import { shown } from '../../base/validate.ts';
import type { Generation } from '../../snapshot/generation.ts';
import type { RecommendJob } from '../recommend-job.ts';
import { SIGNAL_NAMES, type SignalName } from '../request-bounds.ts';
import { Chords } from './chords.ts';
import { columnSignal } from './column.ts';
import { habit } from './habit.ts';
import { History } from './history.ts';
import { hourFit } from './hour-fit.ts';
import { popularity } from './popularity.ts';
import { popularityNear } from './popularity-near.ts';
import { proximity } from './proximity.ts';
import { ratingWithPrior } from './rating-with-prior.ts';
import { again, known, recentRepeats, repeats } from './repeats.ts';
import type { Signal } from './signal.ts';
import { together } from './together.ts';
import { transition } from './transition.ts';
import { usualNext } from './usual-next.ts';

/** What a signal is made of. */
interface Known {
  readonly generation: Generation;
  readonly job: RecommendJob;
  readonly history: () => History;
  readonly chords: () => Chords;
}

const MAKERS: Record<SignalName, (known: Known) => Signal> = {
  popularity: ({ generation }) => popularity(generation),
  popularityNear: ({ generation, chords }) => popularityNear(generation, chords()),
  proximity: ({ chords }) => proximity(chords()),
  ratingWithPrior: ({ generation }) => ratingWithPrior(generation),
  hourFit: ({ generation, job }) => hourFit(generation, job.nowMs),
  known: ({ history }) => known(history()),
  repeats: ({ history }) => repeats(history()),
  recentRepeats: ({ history }) => recentRepeats(history()),
  again: ({ history }) => again(history()),
  habit: ({ history }) => habit(history()),
  usualNext: ({ history }) => usualNext(history()),
  transition: ({ generation, history }) => transition(generation, history()),
  together: ({ generation, history }) => together(generation, history()),
};

/** Makes the signals of a job by name: one of those above, or a column of numbers. */
export function signalMaker(generation: Generation, job: RecommendJob): (name: string) => Signal {
  let history: History | undefined;
  let chords: Chords | undefined;
  const known: Known = {
    generation,
    job,
    history: () => (history ??= new History(generation, job)),
    chords: () => (chords ??= new Chords(generation.reachTree, job.request.location)),
  };
  return (name) => {
    if (Object.hasOwn(MAKERS, name)) return MAKERS[name as SignalName](known);
    const { columns } = generation.catalog;
    const column = columns.column(name);
    if (column?.kind === 'number') return columnSignal(name, column.values);
    const numbers = columns.names().filter((other) => columns.column(other)!.kind === 'number');
    throw new RequestError(
      'fusion.signals',
      `must name ${SIGNAL_NAMES.join(', ')} or a column of numbers (${numbers.join(', ')}), got ${shown(name)}`,
    );
  };
}
