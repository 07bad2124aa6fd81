/** What a deployment, or else the version that answers, has decided for requests that do not say it. */
import { RequestError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { validate } from '../base/validate.ts';
import { FusionSchema, METHOD_DEFAULT } from './fusion-schema.ts';
import type { Generation } from '../snapshot/generation.ts';
import {
  isDeepEnough,
  RecommendRequestSchema,
  RequestDefaultsSchema,
  type CheckedRecommendRequest,
  type RecommendRequest,
  type RequestDefaults,
} from './request.ts';
import { FallbackSchema } from './selection-schema.ts';

/** Parts of a request whose fields are decided one by one; of every other part the request's own stands for all of it. */
const MERGED = [
  ['fusion', FusionSchema.shape],
  ['fallback', FallbackSchema.shape],
] as const;

/**
 * The request with what it leaves out taken from `defaults`. A part that it says is null is as if nothing had been
 * decided. What is no request is left for the check to refuse.
 */
export function withDefaults<R extends Partial<RecommendRequest>>(
  request: R,
  defaults: RequestDefaults = {},
): R {
  if (!isObject(request)) return request;
  const merged = merge(request, defaults, RequestDefaultsSchema.shape);
  for (const [part, shape] of MERGED) {
    const given = (request as Record<string, unknown>)[part];
    if (isObject(given)) merged[part] = merge(given, defaults[part], shape);
  }
  return merged as unknown as R;
}

/**
 * What a version decides for itself: the `requestDefaults` of its model card, such as the weights that were fitted for it.
 * Undefined if it has none; `complain` is told if they are none that a request could have.
 */
export function learnedDefaults(
  { requestDefaults }: { readonly requestDefaults?: unknown },
  complain: (problem: string) => void,
): RequestDefaults | undefined {
  if (requestDefaults === undefined) return undefined;
  try {
    validate(RequestDefaultsSchema, requestDefaults);
    return requestDefaults as RequestDefaults; // as it was written: what a default fills in would look decided
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    complain(error.message);
    return undefined;
  }
}

/** `learnedDefaults` of the version, with a line in the log if they are none that a request could have. */
export function learnedOf(
  { version, header }: Pick<Generation, 'version' | 'header'>,
  log: Log,
): Learned | undefined {
  const said = learnedDefaults(header.modelCard, (problem) =>
    log.warn({ version, problem }, 'the requestDefaults of the model card are ignored'),
  );
  return said && new Learned(said);
}

/**
 * What a deployment decided, and what it left to the version. Weights of a fusion belong together: where the request or
 * the deployment names another method than the version, nothing of the version's fusion holds.
 */
function withLearned(
  request: Partial<RecommendRequest>,
  decided: RequestDefaults = {},
  learned: RequestDefaults,
): RequestDefaults {
  const { fusion, ...others } = learned;
  const merged: RequestDefaults = { ...others, ...decided };
  if (others.fallback && decided.fallback) merged.fallback = { ...others.fallback, ...decided.fallback };
  if (fusion !== undefined && methodOf(request, decided, fusion) === (fusion.method ?? METHOD_DEFAULT))
    merged.fusion = { ...fusion, ...decided.fusion };
  return merged;
}

/** What a version decides, checked once for all requests that say nothing of the same. */
export class Learned {
  readonly #said: RequestDefaults;
  /** The parts that it says, every default inside them filled in. */
  readonly #parts: Partial<CheckedRecommendRequest>;

  constructor(said: RequestDefaults) {
    this.#said = said;
    const checked = Object.entries(RequestDefaultsSchema.parse(said));
    this.#parts = Object.fromEntries(checked.filter(([part]) => Object.hasOwn(said, part)));
  }

  /**
   * The request `asked`, which `checked` is with what the deployment decided, with what the version decides as well; without
   * that where the two do not go together.
   */
  complete(
    asked: Partial<RecommendRequest>,
    checked: CheckedRecommendRequest,
    decided: RequestDefaults = {},
  ): CheckedRecommendRequest {
    const isSaid = (part: string): boolean =>
      asked[part as keyof RequestDefaults] !== undefined ||
      decided[part as keyof RequestDefaults] !== undefined;
    if (!Object.keys(this.#said).some(isSaid)) {
      const completed = { ...checked, ...this.#parts };
      return isDeepEnough(completed) ? completed : checked;
    }
    return this.check(asked, decided) ?? checked;
  }

  /** The same of a request that nothing has checked yet; undefined where the two do not go together. */
  check(
    asked: Partial<RecommendRequest>,
    decided: RequestDefaults = {},
  ): CheckedRecommendRequest | undefined {
    const defaults = withLearned(asked, decided, this.#said);
    return RecommendRequestSchema.safeParse(withDefaults(asked, defaults)).data;
  }
}

/** The method that a request is to be answered by; null is as if nothing had been decided. */
function methodOf(
  { fusion: asked }: Partial<RecommendRequest>,
  { fusion: decided }: RequestDefaults,
  learned: NonNullable<RequestDefaults['fusion']>,
): string {
  const method = [asked?.method, decided?.method, learned.method].find((said) => said !== undefined);
  return method ?? METHOD_DEFAULT;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What is undefined in `given` is taken from `defaults`, what is null from nowhere if it is one of the fields in `shape`:
 * of others, such as a misspelt one, null is a value to check.
 */
function merge(given: object, defaults: object = {}, shape: object): Record<string, unknown> {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  const merged = { ...defaults, ...Object.fromEntries(said) };
  const isTakenBack = ([name, value]: [string, unknown]): boolean =>
    value === null && Object.hasOwn(shape, name);
  return Object.fromEntries(Object.entries(merged).filter((field) => !isTakenBack(field)));
}
