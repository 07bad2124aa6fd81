import { expect, test } from 'vitest';
import { instantMs } from '../src/base/instant-ms.ts';
import { InstantSchema } from '../src/domain/action.ts';

const INSTANTS = [
  '2026-11-22T12:00:00Z',
  '2026-11-22T12:00:00.123456Z',
  '2026-11-22T21:00:00+09:00',
  '2024-02-29T00:00:00Z',
];
const NO_INSTANTS = [
  '2026-02-30T12:00:00Z',
  '2026-02-29T12:00:00Z',
  '2026-13-01T12:00:00Z',
  '2026-11-22T24:00:00Z',
  '2026-11-22T12:60:00Z',
  '2026-11-22T12:00:00',
  '2026-11-22T12:00:00+0900',
  '2026-11-22T12:00:00+09:00[Asia/Seoul]',
  '2026-11-22T noon Z',
  '2026-11-22',
  '2026-11-22 12:00:00Z',
  '',
];

test('files and options take the instants that requests take, and those without seconds', () => {
  for (const text of INSTANTS) {
    expect(instantMs(text), text).toBe(Date.parse(text));
    expect(InstantSchema.safeParse(text).success, text).toBe(true);
  }
  expect(instantMs('2026-11-22T12:00Z')).toBe(Date.parse('2026-11-22T12:00:00Z'));
  for (const text of NO_INSTANTS) {
    expect(instantMs(text), text).toBeNaN();
    expect(InstantSchema.safeParse(text).success, text).toBe(false);
  }
});
