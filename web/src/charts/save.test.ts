import { expect, test } from 'vitest';
import { csv, fileName } from './save.ts';

test('cells with commas, quotes and line breaks are quoted, missing ones empty', () => {
  const text = csv(
    ['a', 'b,c'],
    [
      [1.5, 'say "x"'],
      [NaN, null],
      ['two\nlines', 0.1 + 0.2],
    ],
  );
  expect(text).toBe('a,"b,c"\r\n1.5,"say ""x"""\r\n,\r\n"two\nlines",0.30000000000000004\r\n');
});

test('names of files have no separators', () => {
  expect(fileName('Elements of ../a b', 'csv')).toBe('elements-of-a-b.csv');
  expect(fileName('???', 'png')).toBe('chart.png');
});
