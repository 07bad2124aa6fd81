/** How it is said that the bytes of a snapshot do not hold. */
import { EngineError } from './errors.ts';

/**
 * The error for a section whose content is wrong; `finding` names the place, what was found and what was
 * expected.
 */
export function invalidSection(section: string, finding: string): EngineError {
  return new EngineError('snapshot_invalid', `section ${section}: ${finding}; build the snapshot again`);
}
