import { expect, test } from 'vitest';
import { errorBins } from './errors.ts';

test('5 % is the last that is not too much', () => {
  const { bins, unknown, large } = errorBins([0, 0.05, 0.0501, 0.5, Infinity, NaN]);
  expect(large).toBe(3);
  expect(unknown).toBe(1);
  expect(bins.filter((b) => b.count).map((b) => [b.label, b.count, b.large])).toEqual([
    ['≤ 0.001 %', 1, false],
    ['≤ 5 %', 1, false],
    ['≤ 10 %', 1, true],
    ['≤ 100 %', 1, true],
    ['> 100 %', 1, true],
  ]);
});
