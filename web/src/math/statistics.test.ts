import { expect, test } from 'vitest';
import {
  binResiduals,
  byMagnitude,
  correlation,
  extent,
  quantile,
  rankCorrelation,
  ranks,
  strongestInteraction,
  summarize,
} from './statistics.ts';

test('quantiles are linear between neighbours', () => {
  const x = [0, 1, 2, 10];
  expect(quantile(x, 0)).toBe(0);
  expect(quantile(x, 0.5)).toBe(1.5);
  expect(quantile(x, 0.75)).toBe(4);
  expect(quantile(x, 1)).toBe(10);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a mean does not cancel what pushes both ways, and missing numbers take no part', () => {
  const s = summarize([1, -1, NaN, 3, -3]);
  expect(s.count).toBe(4);
  expect(s.mean).toBe(0);
  expect(s.meanAbs).toBe(2);
  // Sizes 1, 1, 3, 3: variance 4 / 3, over 4 rows.
  expect(s.standardError).toBeCloseTo(Math.sqrt(4 / 3 / 4), 12);
  expect(s.quantiles[2]).toBe(0);
});

test('one row has no standard error', () => expect(summarize([2]).standardError).toBeNaN());
test('nothing has no mean', () => expect(summarize([NaN]).meanAbs).toBeNaN());

test('equal numbers share their rank', () => {
  expect([...ranks([10, 20, 10, NaN, 30])]).toEqual([1.5, 3, 1.5, NaN, 4]);
});

test('ranks correlate whatever the curve', () => {
  const x = [1, 2, 3, 4, 5];
  expect(
    rankCorrelation(
      x,
      x.map((v) => v ** 3),
    ),
  ).toBeCloseTo(1, 12);
  expect(
    rankCorrelation(
      x,
      x.map((v) => -Math.exp(v)),
    ),
  ).toBeCloseTo(-1, 12);
  expect(correlation(x, [2, 2, 2, 2, 2])).toBe(0);
  expect(rankCorrelation([1, NaN, 2, 3], [1, 0, 2, 3])).toBeCloseTo(1, 12);
});

test('residuals have the mean 0 in each bin', () => {
  const x = Array.from({ length: 100 }, (_, i) => i);
  const y = x.map((v) => v * v);
  const r = binResiduals(x, y);
  for (let b = 0; b < 10; b++) {
    const sum = r.slice(10 * b, 10 * b + 10).reduce((s, v) => s + v, 0);
    expect(Math.abs(sum)).toBeLessThan(1e-9);
  }
});

test('the second feature is the one that interacts, not the one that follows the first', () => {
  const n = 400;
  const x = Array.from({ length: n }, (_, i) => i / n);
  const partner = x.map((_, i) => ((i * 7919) % n) / n);
  const bystander = x.map((_, i) => ((i * 104729 + 13) % n) / n);
  const y = x.map((v, i) => v + 0.3 * partner[i]);
  expect(strongestInteraction(x, y, [x.map((v) => 2 * v), partner, null, bystander])).toBe(1);
});

test('where nothing is left, nothing interacts', () => {
  expect(strongestInteraction([1, 1, 2, 2], [5, 5, 6, 6], [[1, 2, 3, 4]])).toBe(-1);
});

test('largest sizes first, missing ones left out', () => {
  expect(byMagnitude([1, -3, NaN, 2, 3])).toEqual([1, 4, 3, 0]);
  expect(extent([NaN, Infinity, 2, -1])).toEqual([-1, 2]);
  expect(extent([])).toEqual([NaN, NaN]);
});
