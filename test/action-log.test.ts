/** The columnar log of actions: in order of time, texts numbered, parts of it in place. */
import { expect, test } from 'vitest';
import { ActionLogBuilder, slice } from '../src/training/action-log.ts';

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

test('a slice has its rows and the texts of all', () => {
  const log = builtLog();
  const part = slice(log, 1, 3);
  expect(part.count).toBe(2);
  expect([...part.atMs]).toEqual([20, 20]);
  expect(part.targets.buffer).toBe(log.targets.buffer);
  expect(part.shopIds).toBe(log.shopIds);
});
