/** The metrics of versions side by side: who answered, which are loaded, how the answers of a shadow differ. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Engine } from '../engine/engine.ts';

/** From 0, nothing in common, to 1, the same: by tenths, and close to 1, where a harmless change lies. */
const AGREEMENT_BUCKETS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
/** A line takes 0.05 to 4 ms; larger ones are not shadowed, but timed where the active version answers. */
const LINE_SECONDS_BUCKETS = [
  0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
];

/** Registers them; those of a shadow only where there is one. */
export function registerVersions(engine: Engine, registry: Registry): void {
  registerRecommendations(engine, registry);
  const { sideVersions, shadow } = engine.stats();
  if (sideVersions.length > 0) registerSideVersions(engine, registry);
  if (shadow !== null) registerShadow(engine, registry);
}

function registerRecommendations(engine: Engine, registry: Registry): void {
  const counter: Counter<'version' | 'chosen_by'> = new Counter({
    name: 'doorrank_recommendations_total',
    help: 'Recommendations by the version that answered, and whether the request named it, the split chose it or it is the active one.',
    labelNames: ['version', 'chosen_by'],
    registers: [registry],
    collect: () => {
      counter.reset();
      for (const { version, chosenBy, count } of engine.stats().recommendations)
        counter.inc({ version, chosen_by: chosenBy }, count);
    },
  });
}

function registerSideVersions(engine: Engine, registry: Registry): void {
  const loaded: Gauge<'version' | 'role'> = new Gauge({
    name: 'doorrank_side_version_loaded',
    help: '1 if the version of the split or the shadow is loaded; 0: the active one answers for it.',
    labelNames: ['version', 'role'],
    registers: [registry],
    collect: () => {
      loaded.reset();
      for (const side of engine.stats().sideVersions)
        loaded.set({ version: side.version, role: side.role }, Number(side.loaded));
    },
  });
}

function registerShadow(engine: Engine, registry: Registry): void {
  const registers = [registry];
  const outcomes: Counter<'outcome'> = new Counter({
    name: 'doorrank_shadow_total',
    help: 'Requests of the sample by what became of them; only compared ones are in the histograms.',
    labelNames: ['outcome'],
    registers,
    collect: () => {
      outcomes.reset();
      for (const [outcome, count] of Object.entries(engine.stats().shadow!)) outcomes.inc({ outcome }, count);
    },
  });
  const pair = ['active', 'shadow'] as const;
  const overlap = new Histogram({
    name: 'doorrank_shadow_overlap',
    help: 'Share of the first k shops that both versions have.',
    labelNames: [...pair, 'k'],
    buckets: AGREEMENT_BUCKETS,
    registers,
  });
  const rankBiasedOverlap = new Histogram({
    name: 'doorrank_shadow_rank_biased_overlap',
    help: 'Rank-biased overlap of the answers, extrapolated, p = 0.9; 1: the same.',
    labelNames: [...pair],
    buckets: AGREEMENT_BUCKETS,
    registers,
  });
  const seconds = new Histogram({
    name: 'doorrank_shadow_line_seconds',
    help: 'What compared answers took by the side that made them, without waiting.',
    labelNames: [...pair, 'side'],
    buckets: LINE_SECONDS_BUCKETS,
    registers,
  });
  engine.onShadowCompared((compared) => {
    const versions = { active: compared.activeVersion, shadow: compared.shadowVersion };
    for (const { k, overlap: value } of compared.overlap) overlap.observe({ ...versions, k }, value);
    rankBiasedOverlap.observe(versions, compared.rankBiasedOverlap);
    seconds.observe({ ...versions, side: 'active' }, compared.activeMs / 1000);
    seconds.observe({ ...versions, side: 'shadow' }, compared.shadowMs / 1000);
  });
}
