/**
 * Draws what the benches found: reads `bench/results/*.json`, writes `bench/plots/*.svg` and `*.png`.
 * A plot whose result is not there is left out, with a line that says which bench makes it.
 *
 *   npm run bench:report
 */
import '../src/base/runtime.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Machine } from './machine.ts';
import { PLOTS } from './plots.ts';
import { readResult } from './result.ts';

const DIRECTORY = path.join(import.meta.dirname, 'plots');
/** Twice the width of a README, for dense screens. */
const PNG_SCALE = 2;
const FONT = 'DejaVu Sans, Verdana, Helvetica, Arial, sans-serif';

mkdirSync(DIRECTORY, { recursive: true });
for (const { name, title, terms, sources, spec } of PLOTS) {
  // The first that is there.
  const result = sources.map((source) => readResult(source)).find((found) => found !== null);
  if (result === undefined || result === null) {
    console.log(`${name} is left out: run npm run bench -- ${sources.at(-1)} first`);
    continue;
  }
  const under = typeof terms === 'string' ? terms : terms(result);
  const svg = await drawn({
    ...spec(result),
    ...frame(title, [under, machineText(result.machine)]),
  } as TopLevelSpec);
  writeFileSync(path.join(DIRECTORY, `${name}.svg`), `${svg}\n`);
  const png = new Resvg(svg, { fitTo: { mode: 'zoom', value: PNG_SCALE } }).render().asPng();
  writeFileSync(path.join(DIRECTORY, `${name}.png`), png);
  console.log(`→ ${path.relative(process.cwd(), path.join(DIRECTORY, name))}.svg and .png`);
}

async function drawn(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  return view.toSVG();
}

/** What all plots have in common. */
function frame(title: string, subtitle: readonly string[]): object {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: '#ffffff',
    padding: 12,
    title: { text: title, subtitle, anchor: 'start', offset: 16 },
    config: {
      font: FONT,
      title: {
        fontSize: 16,
        fontWeight: 600,
        subtitleFontSize: 11,
        subtitleColor: '#666666',
        subtitlePadding: 6,
      },
      axis: {
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: 'normal',
        gridColor: '#e8e8e8',
        domainColor: '#999999',
        tickColor: '#999999',
      },
      legend: { labelFontSize: 12, labelLimit: 320, titleFontSize: 12, symbolStrokeWidth: 3 },
      header: { labelFontSize: 12, labelFontWeight: 600 },
      view: { stroke: null },
    },
  };
}

function machineText({ cpu, coreCount, platform, node }: Machine): string {
  return `${cpu}, ${coreCount} cores, ${platform}, Node ${node.slice(1)}`;
}
