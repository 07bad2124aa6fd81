#!/usr/bin/env node
/** The command `doorrank`: checks the runtime, then hands over to main. Plain JavaScript, as an old Node reads it too. */
import '../base/runtime.js';
import { existsSync } from 'node:fs';

// A checkout runs its TypeScript as it is. An installed package has dist/: Node strips no types below node_modules.
const source = new URL('./main.ts', import.meta.url);
void import(existsSync(source) ? source.href : new URL('../../dist/cli/main.js', import.meta.url).href);
