/** What a shop says of itself right now. It wins over the hours of the catalog. */
import { z } from 'zod';
import { InstantSchema, ShopIdSchema } from './action.ts';

/** A status as it is sent. Without `until` it holds until it is changed. */
export const ShopStatusInputSchema = z.strictObject({
  shopId: ShopIdSchema,
  open: z.boolean({ error: 'must be true or false' }),
  until: InstantSchema.optional().describe('the hours count again from then on; absent: until changed'),
});
export type ShopStatusInput = z.infer<typeof ShopStatusInputSchema>;

/** A stored status; milliseconds since 1970-01-01T00:00:00Z. */
export interface ShopStatus {
  readonly shopId: string;
  readonly open: boolean;
  /** Infinity: until changed. */
  readonly untilMs: number;
  /** When it was set. */
  readonly sinceMs: number;
}
