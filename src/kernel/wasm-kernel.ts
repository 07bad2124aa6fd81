/** The kernel in WebAssembly. One module per build is compiled once per thread; an instance belongs to one memory. */
import { readFileSync } from 'node:fs';
import { check } from '../base/errors.ts';
import type { Kernel, KernelBuild } from './kernel.ts';
import type { LinearMemory } from './linear-memory.ts';
import { warmUp } from './warm-up.ts';

type WasmBuild = Exclude<KernelBuild, 'scalar'>;
const modules = new Map<WasmBuild, WebAssembly.Module | null>();

/** The module of a build, or null where this runtime does not know its instructions. */
function moduleOf(build: WasmBuild): WebAssembly.Module | null {
  let module = modules.get(build);
  if (module === undefined) {
    const bytes = readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url));
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
    modules.set(build, module);
  }
  return module;
}

/** A kernel of the given build over `memory`, or null where this runtime cannot run that build. */
export function wasmKernel(
  build: WasmBuild,
  memory: LinearMemory,
  bytePass: Kernel['bytePass'] = 'bytes',
): Kernel | null {
  const module = moduleOf(build);
  if (module === null) return null;
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.memory } });
  return { build, bytePass, ...(exports as unknown as Omit<Kernel, 'build' | 'bytePass'>) };
}

/** The best kernel this runtime can run over `memory`. Its first requests are slow: see `warmKernel`. */
export function bestKernel(memory: LinearMemory): Kernel {
  const kernel = wasmKernel(bestBuild(), memory, bytePass);
  check(kernel !== null, 'every supported runtime runs WebAssembly SIMD');
  return kernel;
}

function bestBuild(): WasmBuild {
  return moduleOf('relaxed-simd') === null ? 'simd' : 'relaxed-simd';
}

let bytePass: Kernel['bytePass'] | undefined;

/** As `bestKernel`, ready to serve. The first call in a thread takes up to 0.1 s. */
export function warmKernel(memory: LinearMemory): Kernel {
  bytePass ??= warmUp(bestKernel);
  return bestKernel(memory);
}
