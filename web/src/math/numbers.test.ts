import { expect, test } from 'vitest';
import { count, exact, full, percent, plural, short, signed, value } from './numbers.ts';

test.each([
  [0, '0'],
  [0.5, '0.5'],
  [0.123456, '0.1235'],
  [-0.123456, '−0.1235'],
  [1234.567, '1235'],
  [123456, '123500'],
  [1234567, '1.235e6'],
  [0.00001234567, '1.235e−5'],
  [1e-10, '1e−10'],
  [2e6, '2e6'],
  [NaN, '–'],
  [null, '–'],
  [undefined, '–'],
  [Infinity, '∞'],
  [-Infinity, '−∞'],
])('%s is shown with 4 significant digits as %s', (x, text) => expect(short(x)).toBe(text));

test.each([
  [0.5, '+0.5'],
  [-0.5, '−0.5'],
  [0, '0'],
  [NaN, '–'],
])('%s is signed as %s', (x, text) => expect(signed(x)).toBe(text));

test('a share is told in per cent', () => {
  expect(percent(0.0217391)).toBe('2.174 %');
  expect(percent(NaN)).toBe('–');
});

test('whole values of the data are not rounded', () => {
  expect(value(98105)).toBe('98105');
  expect(value(-2014)).toBe('−2014');
  expect(value(0.123456)).toBe('0.1235');
  expect(value(NaN)).toBe('–');
});

test('counts have their thousands apart', () => {
  expect(count(1234567)).toBe('1 234 567');
  expect(plural(1, 'row')).toBe('1 row');
  expect(plural(10_000, 'row')).toBe('10 000 rows');
});

test('full precision reads back bit for bit', () => {
  expect(Number(full(0.1 + 0.2))).toBe(0.1 + 0.2);
  expect(full(NaN)).toBe('');
  expect(exact(NaN)).toBe('–');
});
