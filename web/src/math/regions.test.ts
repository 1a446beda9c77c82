import { expect, test } from 'vitest';
import { ranksOfPixels, topArea } from './regions.ts';

// Areas 1, 3, 6 of 10.
const ranks = [0, 1, 1, 1, 2, 2, 2, 2, 2, 2];

test.each([
  [0, 0, -1, 0],
  [0.05, 1, 0, 0.1],
  [0.1, 1, 0, 0.1],
  [0.2, 2, 1, 0.4],
  [0.4, 2, 1, 0.4],
  [0.41, 3, 2, 1],
  [1, 3, 2, 1],
])('up to a share of %s: %s regions, the crossing one included', (share, regions, rank, area) => {
  expect(topArea(ranks, share)).toEqual({ regions, rank, area });
});

test('ranks need not be dense, and no pixels have no area', () => {
  expect(topArea([7, 7, 90, 90], 0.3)).toEqual({ regions: 1, rank: 7, area: 0.5 });
  expect(topArea([], 0.3)).toEqual({ regions: 0, rank: -1, area: 0 });
});

test('a rank takes three bytes', () => {
  expect([...ranksOfPixels(new Uint8ClampedArray([1, 2, 3, 255, 0, 0, 9, 255]))]).toEqual([0x010203, 9]);
});
