/** A `Location` as callers give it. */
import { z } from 'zod';

const degrees = (bound: number) =>
  z
    .number({ error: `must be a number of degrees` })
    .min(-bound, { error: `must be -${bound}..${bound} degrees` })
    .max(bound, { error: `must be -${bound}..${bound} degrees` });

export const LocationSchema = z.strictObject({ lon: degrees(180), lat: degrees(90) });
