import { expect, test } from 'vitest';
import { swarm } from './swarm.ts';

test('points of a bin alternate around the line', () => {
  expect([...swarm([0.501, 0.502, 0.503, 0.504, 0.505], 0, 1)]).toEqual([0, -1, 1, -2, 2]);
});

test('points of different bins do not push each other', () => {
  expect([...swarm([0.1, 0.5, 0.9], 0, 1)]).toEqual([0, 0, 0]);
});

test('ends, missing numbers and a single place are no trouble', () => {
  expect([...swarm([1, 0, NaN], 0, 1)]).toEqual([0, 0, 0]);
  expect([...swarm([3, 3], 3, 3)]).toEqual([0, -1]);
});
