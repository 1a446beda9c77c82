import { expect, test } from 'vitest';
import { errorBins } from './errors.ts';

test('5 % is the last that is not too much', () => {
  const { bins, unknown, large } = errorBins([0, 0.05, 0.0501, 0.5, Infinity, NaN]);
  expect(large).toBe(3);
  expect(unknown).toBe(1);
  expect(bins.filter((b) => b.count).map((b) => [b.label, b.count, b.large])).toEqual([
    ['to 0.0001 %', 1, false],
    ['to 5 %', 1, false],
    ['to 10 %', 1, true],
    ['to 100 %', 1, true],
    ['above 100 %', 1, true],
  ]);
});
