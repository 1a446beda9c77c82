import { expect, test } from 'vitest';
import { contrast, diverging, inkOn, luminance, PLAIN, position, viridis, type Look } from './color.ts';

const looks: [string, Look][] = [
  ['pink and green', PLAIN],
  ['orange and blue', { ...PLAIN, alternative: true }],
  ['pink and green, dark', { ...PLAIN, dark: true }],
  ['orange and blue, dark', { ...PLAIN, dark: true, alternative: true }],
];

test('the ends, the middle and the stops are those of the maps', () => {
  expect(diverging(-1, PLAIN)).toEqual([0x8e, 0x01, 0x52]);
  expect(diverging(0, PLAIN)).toEqual([0xf7, 0xf7, 0xf7]);
  expect(diverging(0.8, PLAIN)).toEqual([0x4d, 0x92, 0x21]);
  expect(diverging(1, looks[1][1])).toEqual([0x05, 0x30, 0x61]);
  expect(diverging(0, looks[2][1])).toEqual([0x2b, 0x2b, 0x2b]);
  expect(diverging(2, PLAIN)).toEqual(diverging(1, PLAIN));
});

test('between two stops the colour is between', () => {
  expect(diverging(0.9, PLAIN)).toEqual([0x4d, 0x92, 0x21].map((c, i) => Math.round((c + [0x27, 0x64, 0x19][i]) / 2)));
});

test('position follows the square root, or the number itself', () => {
  expect(position(0.25, 1)).toBe(0.5);
  expect(position(-0.25, 1)).toBe(-0.5);
  expect(position(0.25, 1, 'linear')).toBe(0.25);
  expect(position(5, 1)).toBe(1);
  expect(position(1, 0)).toBe(0);
  expect(position(NaN, 1)).toBe(0);
});

test.each(looks)('%s: lightness changes one way from the middle to each end', (_, look) => {
  for (const sign of [-1, 1]) {
    const light = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => luminance(diverging(sign * t, look)));
    const order = [...light].sort((a, b) => (look.dark ? a - b : b - a));
    expect(light).toEqual(order);
  }
});

test.each(looks)('%s: text reaches 4.5 : 1 on every colour', (_, look) => {
  for (let t = -1; t <= 1; t += 0.01) {
    const back = diverging(t, look);
    expect(contrast(inkOn(back, look.dark), back)).toBeGreaterThanOrEqual(4.5);
  }
});

test('viridis has its known ends', () => {
  expect(viridis(0)).toEqual([68, 1, 84]);
  expect(viridis(1)).toEqual([253, 231, 37]);
  expect(viridis(0.5)).toEqual(viridis(128 / 255));
});

test('contrast is that of WCAG', () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 9);
  expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
});
