import { expect, test } from 'vitest';
import { agreement, correlationBins } from './agreement.ts';

test('the same totals agree in all, turned ones in their sizes alone', () => {
  const a = [3, -2, 1, 0.5, -0.25, 0.1];
  expect(agreement(a, a)).toEqual({ correlation: 1, common: 5, top: 5, apart: 0 });
  const turned = agreement(
    a,
    a.map((t) => -t),
  );
  expect(turned).toEqual({ correlation: -1, common: 5, top: 5, apart: 0 });
});

test('the strongest in common, by size', () => {
  const { common, apart } = agreement([9, 8, -7, 6, 5, 0, 0, 0], [9, -8, 0, 0, 0, 6, 5, 0.1]);
  expect(common).toBe(2);
  expect(apart).toBe(1);
});

test('features of one alone take no part', () => {
  expect(agreement([1, NaN, 2, 3], [1, 5, 2, NaN])).toEqual({ correlation: 1, common: 2, top: 2, apart: 0 });
  expect(agreement([1, NaN], [NaN, 2])).toEqual({ correlation: NaN, common: 0, top: 0, apart: -1 });
});

test('no attribution has no order', () => expect(agreement([0, 0], [1, 2]).correlation).toBeNaN());

test('correlations are counted from -1 to 1, both ends too', () => {
  expect(correlationBins([-1, -0.4, 0, 0.99, 1, NaN], 4)).toEqual([
    { middle: -0.75, count: 1 },
    { middle: -0.25, count: 1 },
    { middle: 0.25, count: 1 },
    { middle: 0.75, count: 2 },
  ]);
});
