/** An engine over a store, with an empty directory of actions that goes when it closes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEngine, type Engine, type EngineOptions } from '../src/index.ts';

/** Everything runs on the calling thread unless `options` say otherwise. */
export class BenchEngine {
  readonly engine: Engine;
  readonly #data: string;

  private constructor(engine: Engine, data: string) {
    this.engine = engine;
    this.#data = data;
  }

  static async open(store: string, options: Partial<EngineOptions> = {}): Promise<BenchEngine> {
    const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    return new BenchEngine(await openEngine({ store, data, threads: 0, storePollMs: 0, ...options }), data);
  }

  async close(): Promise<void> {
    await this.engine.close();
    rmSync(this.#data, { recursive: true, force: true });
  }
}
