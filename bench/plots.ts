/** What each plot shows: the rows it takes of a bench's result, and how they are drawn (vega-lite). */
import type { Result, ResultRow } from './result.ts';

export interface Plot {
  /** Of its files. */
  readonly name: string;
  readonly title: string;
  /** Under which terms, for the caption. */
  readonly terms: string | ((result: Result) => string);
  /** Benches whose result it can be made from, the best first. */
  readonly sources: readonly string[];
  readonly spec: (result: Result) => object;
}

const WIDTH = 700;
/** Of two plots side by side. */
const HALF_WIDTH = 310;
const OURS = '#d1495b';
const OTHERS = '#8d99ae';
const PALETTE = [OURS, '#30638e', '#edae49', '#66a182', '#5b5f97'];

export const PLOTS: readonly Plot[] = [
  {
    name: 'line-by-candidates',
    title: 'A request, from location and actions to 20 shops',
    terms: ({ name }) =>
      `${name === 'peers' ? 'the others: similarities alone; ' : ''}5 actions, best 100 of each, 100,000 shops × 128, medians`,
    sources: ['peers', 'line'],
    spec: linePlot,
  },
  {
    name: 'line-by-shops',
    title: 'Whole line by shops in the snapshot',
    terms: '5 actions, 64 dimensions, medians',
    sources: ['scale'],
    spec: shopsPlot,
  },
  {
    name: 'line-by-work',
    title: 'Whole line by candidates and by actions',
    terms: '1,000,000 shops × 64, medians',
    sources: ['scale'],
    spec: workPlot,
  },
  {
    name: 'kernel-by-dimensions',
    title: 'Time for one similarity, selection included',
    terms: '10 query vectors, the best 10, fastest runs',
    sources: ['limit'],
    spec: limitPlot,
  },
];

/** Bars by subject, a panel for each number of candidates. */
function linePlot({ rows }: Result): object {
  const values = rows
    .filter(
      ({ terms, subject }) => terms['N'] === 5 && (terms['k'] ?? terms['depth']) === 100 && isShown(subject),
    )
    .filter(({ terms }) => terms['filtered'] === undefined)
    .map((row) => ({
      subject: row.subject.startsWith('doorrank') ? 'Doorrank, whole line' : row.subject,
      ours: row.subject.startsWith('doorrank'),
      ms: row.timing!.medianMs,
      label: shownMs(row.timing!.medianMs),
      candidates: `${rounded(Number(row.terms['C']))} candidates`,
      C: row.terms['C'],
    }));
  const panels = [...new Set(values.map(({ candidates }) => candidates))];
  const subjects = bySlowest(values);
  const leastMs = 10 ** Math.floor(Math.log10(Math.min(...values.map(({ ms }) => ms))));
  const y = {
    field: 'subject',
    type: 'nominal',
    sort: subjects,
    title: null,
    axis: { ticks: false, domain: false, labelLimit: 260 },
  };
  const x = {
    field: 'ms',
    type: 'quantitative',
    scale: { type: 'log', domain: [leastMs, 3 * Math.max(...values.map(({ ms }) => ms))], nice: false },
    axis: {
      title: 'milliseconds, logarithmic',
      format: '~g',
      values: decades(
        values.map(({ ms }) => ms),
        leastMs,
      ),
    },
  };
  return {
    data: { values },
    facet: {
      row: {
        field: 'candidates',
        sort: panels,
        title: null,
        header: { labelOrient: 'top', labelAnchor: 'start', labelPadding: 4 },
      },
    },
    spacing: 14,
    spec: {
      width: WIDTH - 240,
      height: { step: 19 },
      layer: [
        {
          mark: { type: 'bar', height: { band: 0.72 } },
          encoding: {
            x,
            x2: { datum: leastMs },
            y,
            color: {
              field: 'ours',
              type: 'nominal',
              scale: { domain: [true, false], range: [OURS, OTHERS] },
              legend: null,
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 5, fontSize: 11, color: '#333333' },
          encoding: { x, y, text: { field: 'label' } },
        },
      ],
    },
  };
}

/** Doorrank first, then the others from the fastest to the slowest, by the panel where they take longest. */
function bySlowest(values: readonly { subject: string; ours: boolean; ms: number }[]): string[] {
  const longest = new Map<string, number>();
  for (const { subject, ours, ms } of values) {
    longest.set(subject, ours ? 0 : Math.max(ms, longest.get(subject) ?? 0));
  }
  return [...longest].sort(([, a], [, b]) => a - b).map(([subject]) => subject);
}

/** Doorrank's rows without reasons and without what others do not do would be one bar too many. */
function isShown(subject: string): boolean {
  return subject !== 'doorrank' && !subject.startsWith('filter') && subject !== 'no filter';
}

function shopsPlot({ rows }: Result): object {
  const values = rows
    .filter(({ terms, timing }) => terms['against'] === 'S' && timing !== undefined)
    .map((row) => ({
      S: row.terms['S'],
      microseconds: row.timing!.medianMs * 1000,
      candidates: `${rounded(Number(row.terms['C']))} candidates`,
    }));
  const series = [...new Set(values.map(({ candidates }) => candidates))].toReversed();
  return {
    data: { values },
    width: WIDTH - 120,
    height: 240,
    mark: { type: 'line', point: { size: 55 }, strokeWidth: 2.5 },
    encoding: {
      x: countAxis('S', 'shops, logarithmic'),
      y: {
        field: 'microseconds',
        type: 'quantitative',
        scale: { zero: true },
        axis: { title: 'microseconds', tickCount: 6 },
      },
      color: {
        field: 'candidates',
        type: 'nominal',
        sort: series,
        scale: { range: PALETTE },
        legend: { title: null, orient: 'top' },
      },
    },
  };
}

function workPlot({ rows }: Result): object {
  const timed = (against: string) =>
    rows.filter(({ terms, timing }) => terms['against'] === against && timing !== undefined);
  const steps = (row: ResultRow) =>
    ['candidates', 'similarity', 'fusion'].map((step) => ({
      step,
      ms: row.facts![`${step} µs`]! / 1000,
      C: row.terms['C'],
      N: row.terms['N'],
    }));
  const color = {
    field: 'part',
    type: 'nominal',
    sort: ['whole', 'candidates', 'similarity', 'fusion'],
    scale: { domain: ['whole', 'candidates', 'similarity', 'fusion'], range: PALETTE },
    legend: { title: null, orient: 'top' },
  };
  const values = (against: string) =>
    timed(against).flatMap((row) => [
      { part: 'whole', ms: row.timing!.medianMs, C: row.terms['C'], N: row.terms['N'] },
      ...steps(row).map(({ step, ...rest }) => ({ part: step, ...rest })),
    ]);
  const mark = { type: 'line', point: { size: 45 }, strokeWidth: 2.5 };
  return {
    spacing: 40,
    hconcat: [
      {
        data: { values: values('C') },
        width: HALF_WIDTH,
        height: 260,
        mark,
        encoding: {
          x: countAxis('C', 'candidates (5 actions), logarithmic'),
          y: {
            field: 'ms',
            type: 'quantitative',
            scale: { type: 'log' },
            axis: { title: 'milliseconds, logarithmic', format: '~g', values: [0.01, 0.1, 1, 10, 100] },
          },
          color,
        },
      },
      {
        data: { values: values('N') },
        width: HALF_WIDTH,
        height: 260,
        mark,
        encoding: {
          x: {
            field: 'N',
            type: 'quantitative',
            axis: { title: 'actions (2,000 candidates)', values: [1, 10, 20, 30, 40, 50] },
          },
          y: { field: 'ms', type: 'quantitative', axis: { title: 'milliseconds', format: '~g' } },
          color,
        },
      },
    ],
  };
}

/** Doorrank and its twin in C, and what a machine without memory, selection and loops could do at its peaks. */
function limitPlot({ rows }: Result): object {
  const measured = rows
    .filter(
      ({ terms, subject }) => terms['work'] === 'rank' && terms['N'] === 10 && !subject.includes('alone'),
    )
    .map(({ terms, subject, facts }) => ({
      D: Number(terms['D']),
      C: Number(terms['C']),
      ns: facts!['ns/pair']!,
      subject: subject === 'doorrank' ? 'Doorrank, 128 bit, exact' : `${subject}, float32 alone`,
    }));
  const counts = [...new Set(measured.map(({ C }) => C))];
  const peaks = rows
    .filter(({ terms }) => terms['work'] === 'peak multiply-add')
    .filter(
      ({ subject }, i, all) =>
        i === 0 ||
        all[i - 1]!.facts!['GFLOP/s']! * 1.1 < all.find((row) => row.subject === subject)!.facts!['GFLOP/s']!,
    )
    .flatMap(({ subject, facts }) =>
      [...new Set(measured.map(({ D }) => D))].flatMap((D) =>
        counts.map((C) => ({
          D,
          C,
          ns: (2 * D) / facts!['GFLOP/s']!,
          subject: `peak of ${subject} multiply-adds`,
        })),
      ),
    );
  const values = [...measured, ...peaks];
  const subjects = [...new Set(values.map(({ subject }) => subject))];
  const panel = (C: number) => ({
    data: { values: values.filter((value) => value.C === C) },
    title: { text: `${rounded(C)} candidates`, fontSize: 12, anchor: 'start' },
    width: HALF_WIDTH,
    height: 280,
    mark: { type: 'line', point: { size: 45 }, strokeWidth: 2.5 },
    encoding: {
      x: {
        field: 'D',
        type: 'quantitative',
        scale: { type: 'log', base: 2, nice: false },
        axis: { title: 'dimensions, logarithmic', values: [64, 128, 384, 768] },
      },
      y: {
        field: 'ns',
        type: 'quantitative',
        scale: { type: 'log', domain: [0.8, 80] },
        axis: { title: 'nanoseconds, logarithmic', values: [1, 2, 5, 10, 20, 50] },
      },
      color: {
        field: 'subject',
        type: 'nominal',
        sort: subjects,
        scale: { domain: subjects, range: [OURS, '#30638e', '#bbbbbb', '#777777'] },
        legend: { title: null, orient: 'bottom', columns: 2 },
      },
      strokeDash: {
        condition: { test: "indexof(datum.subject, 'peak') === 0", value: [5, 4] },
        value: [1, 0],
      },
    },
  });
  return { spacing: 40, hconcat: counts.map(panel) };
}

/** Counts on a logarithmic axis, a tick for each power of ten. */
function countAxis(field: string, title: string): object {
  return {
    field,
    type: 'quantitative',
    scale: { type: 'log' },
    axis: { title, format: ',', values: [1e2, 1e3, 1e4, 1e5, 1e6, 1e7] },
  };
}

function decades(values: readonly number[], least: number): number[] {
  const ticks = [];
  for (let tick = least; tick < 10 * Math.max(...values); tick *= 10) ticks.push(tick);
  return ticks;
}

/** To two digits, with a separator: what was asked for is close enough to what was found. */
function rounded(count: number): string {
  return Number(count.toPrecision(2)).toLocaleString('en-US');
}

function shownMs(ms: number): string {
  return ms < 1 ? `${Number((ms * 1000).toPrecision(2))} µs` : `${Number(ms.toPrecision(2))} ms`;
}
