import { expect, test } from 'vitest';
import { density } from './density.ts';

test('what pushes up and what pushes down does not cancel, the end is in the last bin, missing counts nothing', () => {
  const { up, down } = density([0, 0.2, 0.5, 0.6, 1], [1, -2, NaN, 4, 8], 2);
  expect([...up]).toEqual([1, 12]);
  expect([...down]).toEqual([2, 0]);
});
