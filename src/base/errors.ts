/**
 * The three kinds of wrong: `check` for our own bugs, `EngineError` for the world, `RequestError` for the caller.
 * Every message says what was found, what was expected and, where there is something to do, what to do.
 */

/** What can go wrong in the world around the engine. Faces map these to statuses and exit codes. */
export type EngineErrorCode =
  | 'snapshot_invalid' // the bytes of a snapshot are not what its header promises
  | 'snapshot_format' // a format version this engine does not read
  | 'snapshot_too_large' // does not fit the 4 GiB a kernel can address
  | 'version_unknown' // no snapshot of that version in the store
  | 'version_exists' // a version is immutable and is already there
  | 'version_not_loaded' // in the store, but not mapped by this process
  | 'store_invalid' // the store directory cannot be used as one
  | 'store_empty' // nothing has been activated yet
  | 'store_changed' // another process changed the store meanwhile
  | 'no_previous_version' // nothing to roll back to
  | 'input_invalid' // rows of an import that do not hold
  | 'shop_unknown' // no shop of that id in the active version
  | 'action_conflict' // an action id was used before with another body
  | 'storage_full' // the disk refuses writes; reads go on
  | 'storage_failed' // the action store cannot be read or written
  | 'storage_busy' // another process owns the action store
  | 'run_going_on' // another pipeline run works in the same directory
  | 'run_lost' // a pipeline run was taken for dead by another process
  | 'overloaded' // too many requests wait for a worker
  | 'closed' // the engine is closing or closed
  | 'port_unavailable' // the address to listen on is taken or not ours
  | 'file_unreadable'; // a file named by the caller cannot be read

/** A file that is damaged stays so; anything else that keeps a version from being loaded may pass. */
export const LASTING_CODES: readonly EngineErrorCode[] = [
  'snapshot_invalid',
  'snapshot_format',
  'snapshot_too_large',
];

/** The world is not as it should be. `code` is stable; `message` is for people. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Why a request was refused: its shape is wrong, or a well-shaped value is outside its bounds. */
export type RequestErrorKind = 'malformed' | 'out_of_bounds';

/** The caller asked for something that cannot be. `field` is its path in the request, such as `location.lon`. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly field: string;
  /** The message without the field. */
  readonly reason: string;
  readonly kind: RequestErrorKind;

  constructor(field: string, reason: string, kind: RequestErrorKind = 'out_of_bounds') {
    super(field === '' ? reason : `${field} ${reason}`);
    this.field = field;
    this.reason = reason;
    this.kind = kind;
  }

  /** The same, of a request that is the field `outer` of another one. */
  within(outer: string): RequestError {
    return new RequestError(`${outer}.${this.field}`, this.reason, this.kind);
  }
}

/** Throws when a fact this code relies on does not hold: a bug here, never the caller's fault. */
export function check(fact: boolean, message: string): asserts fact {
  if (!fact) throw new Error(`doorrank bug: ${message}`);
}
