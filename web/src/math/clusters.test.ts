import { expect, test } from 'vitest';
import { similarityOrder } from './clusters.ts';

test('rows of one group are neighbours', () => {
  const rows = [
    [0, 0],
    [10, 10],
    [0, 1],
    [10, 11],
    [1, 0],
    [11, 10],
  ];
  const groups = similarityOrder(rows).map((i) => i % 2);
  expect([...groups].sort()).toEqual([0, 0, 0, 1, 1, 1]);
  expect(groups.filter((g, i) => i > 0 && g !== groups[i - 1])).toHaveLength(1);
});

test('every row is there once, equal ones and missing numbers too', () => {
  expect(similarityOrder([[1], [1], [1], [NaN], [0]]).sort()).toEqual([0, 1, 2, 3, 4]);
  expect(similarityOrder([])).toEqual([]);
  expect(similarityOrder([[3]])).toEqual([0]);
});
