/** The columnar log of actions: in order of time, texts numbered, parts of it in place. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { hashOfLog } from '../src/pipeline/content-hash.ts';
import { ActionLogBuilder, slice } from '../src/training/action-log.ts';
import { madeLog, type MadeAction } from './made-log.ts';

function builtLog() {
  const builder = new ActionLogBuilder();
  builder.add({ userId: 'b', type: 'view', shopId: 's1', atMs: 20 });
  builder.add({ userId: 'a', type: 'search', keyword: 'k', atMs: 10, weight: 3 });
  builder.add({ userId: 'a', type: 'order', shopId: 's2', atMs: 20 });
  return builder.finish();
}

test('rows stand in the order of time, those of one time in the order of arrival', () => {
  const log = builtLog();
  expect([...log.atMs]).toEqual([10, 20, 20]);
  expect(Array.from(log.users, (user) => log.userIds[user])).toEqual(['a', 'b', 'a']);
  expect(Array.from(log.typeNumbers, (type) => log.types[type])).toEqual(['search', 'view', 'order']);
  const targets = [...log.shopIds, ...log.keywords];
  expect(Array.from(log.targets, (target) => targets[target])).toEqual(['k', 's1', 's2']);
  expect([...log.weights]).toEqual([3, 1, 1]);
});

test('texts stand in the order of first appearance, so another order of arrival makes the same log', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const actions = Array.from({ length: 300 }, (_, minute): MadeAction => ({
      minute,
      userId: `u${random.below(40)}`,
      type: random.pick(['view', 'order', 'dismiss']),
      ...(random.unit() < 0.3 ? { keyword: `k${random.below(30)}` } : { shopId: `s${random.below(60)}` }),
    }));
    const log = madeLog(actions);
    expect(log.userIds, `seed ${seed}`).toEqual([...new Set(actions.map(({ userId }) => userId))]);
    expect(log.types, `seed ${seed}`).toEqual([...new Set(actions.map(({ type }) => type))]);
    const appeared = (name: 'shopId' | 'keyword') => [
      ...new Set(actions.flatMap((action) => action[name] ?? [])),
    ];
    expect(log.shopIds, `seed ${seed}`).toEqual(appeared('shopId'));
    expect(log.keywords, `seed ${seed}`).toEqual(appeared('keyword'));
    const shuffled = madeLog(random.shuffle([...actions]));
    expect(shuffled, `seed ${seed}`).toEqual(log);
    expect(hashOfLog(shuffled), `seed ${seed}`).toBe(hashOfLog(log));
  }
});

test('a slice has its rows and the texts of all', () => {
  const log = builtLog();
  const part = slice(log, 1, 3);
  expect(part.count).toBe(2);
  expect([...part.atMs]).toEqual([20, 20]);
  expect(part.targets.buffer).toBe(log.targets.buffer);
  expect(part.shopIds).toBe(log.shopIds);
});
