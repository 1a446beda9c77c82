import { expect, test } from 'vitest';
import { waterfall } from './waterfall.ts';

const parts = [
  { name: 'p', total: 0.5 },
  { name: 'q', total: -0.1 },
  { name: 's', total: 0.05 },
];

test('the gap comes first, then the features from the smallest to the largest, up to F(x)', () => {
  const w = waterfall(0.2, 0.66, parts);
  expect(w.gap).toBeCloseTo(0.01, 12);
  expect(w.gapShare).toBeCloseTo(0.01 / 0.46, 12);
  expect(w.steps.map((s) => s.name)).toEqual(['not attributed', 's', 'q', 'p']);
  const ends = w.steps.map((s) => [s.from, s.to]);
  [
    [0.2, 0.21],
    [0.21, 0.26],
    [0.26, 0.16],
    [0.16, 0.66],
  ].forEach(([from, to], i) => {
    expect(ends[i][0]).toBeCloseTo(from, 12);
    expect(ends[i][1]).toBeCloseTo(to, 12);
  });
});

test('a gap of half a per cent and less is not drawn', () => {
  expect(waterfall(0, 1, [{ name: 'a', total: 0.9951 }]).steps[0].kind).toBe('feature');
  expect(waterfall(0, 1, [{ name: 'a', total: 0.9949 }]).steps[0].kind).toBe('gap');
});

test('of many the smallest stand together, and the sum is the same', () => {
  const many = Array.from({ length: 300 }, (_, i) => ({ name: `f${i}`, total: Math.sin(i) }));
  const score = many.reduce((s, p) => s + p.total, 0);
  const w = waterfall(0, score, many, 12);
  expect(w.steps).toHaveLength(13);
  expect(w.steps[0]).toMatchObject({ kind: 'others', name: '288 others' });
  expect(w.steps.at(-1)!.to).toBeCloseTo(score, 9);
});

test('no difference and no gap is no error; a gap without a difference is all of it', () => {
  expect(waterfall(0.5, 0.5, [{ name: 'a', total: 0 }]).gapShare).toBe(0);
  const w = waterfall(0.5, 0.5, [{ name: 'a', total: 0.1 }]);
  expect(w.gapShare).toBe(Infinity);
  expect(w.steps[0].kind).toBe('gap');
});

test('missing totals are left out', () => {
  expect(
    waterfall(0, 1, [
      { name: 'a', total: 1 },
      { name: 'b', total: NaN },
    ]).steps.map((s) => s.name),
  ).toEqual(['a']);
});
