/**
 * Makes the town of data/town anew, byte for byte: `npx node data/generate.ts [directory]`.
 * With a directory it writes there instead.
 */
import path from 'node:path';
import { syntheticTown } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';

const directory = process.argv[2] ?? path.join(import.meta.dirname, 'town');
writeTown(syntheticTown({ seed: 2026, shopCount: 1200, userCount: 60, actionCount: 800 }), directory);
