/** The optional bearer token that guards everything under /v1. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { HttpError } from './errors.ts';
import type { Operation } from './operation.ts';

const SCHEME = 'bearer ';

/** `handle` for requests whose `Authorization` header bears `token`; the others are refused. */
export function guardedBy(token: string, handle: Operation['handle']): Operation['handle'] {
  const expected = digest(token);
  return (context) => {
    const given = bearerToken(context.env.incoming.headers.authorization ?? '');
    // Digests have one length, so the comparison says nothing about the token, not even how long it is.
    if (timingSafeEqual(digest(given), expected)) return handle(context);
    throw new HttpError(
      401,
      'unauthorized',
      'the bearer token is missing or wrong; send Authorization: Bearer <token>',
      { 'www-authenticate': 'Bearer' },
    );
  };
}

/** The token in an `Authorization` header, empty if there is none. The scheme's name may be in any case. */
function bearerToken(authorization: string): string {
  const bears = authorization.slice(0, SCHEME.length).toLowerCase() === SCHEME;
  return bears ? authorization.slice(SCHEME.length).trim() : '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
