import { expect, test } from 'vitest';
import { forceLine } from './force.ts';

const line = (baseline: number, score: number, totals: number[], limit?: number) =>
  forceLine(
    baseline,
    score,
    totals.map((total, i) => ({ name: 'pqrs'[i], total })),
    limit,
  ).map((s) => [s.name, Number(s.from.toFixed(9)), Number(s.to.toFixed(9))]);

test('what pushes up meets what pushes down at F(x), the strongest there, the gap at an end', () => {
  expect(line(0.2, 0.66, [0.5, -0.1, 0.05])).toEqual([
    ['not attributed', 0.1, 0.11],
    ['r', 0.11, 0.16],
    ['p', 0.16, 0.66],
    ['q', 0.66, 0.76],
  ]);
});

test('a gap below 0 stands at the right', () => {
  expect(line(0, 1, [1.5, -0.25])).toEqual([
    ['p', -0.5, 1],
    ['q', 1, 1.25],
    ['not attributed', 1.25, 1.5],
  ]);
});

test('the others are one bar, and what pushes nowhere is none', () => {
  expect(line(0, 1.25, [1, 0.5, -0.25, 0], 2)).toEqual([
    ['q', -0.25, 0.25],
    ['p', 0.25, 1.25],
    ['2 others', 1.25, 1.5],
  ]);
});
