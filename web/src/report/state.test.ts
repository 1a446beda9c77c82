import { expect, test } from 'vitest';
import { entryOf, parseHash, toHash, withEntry } from './state.ts';

test('the address holds what differs from the defaults, and reads back', () => {
  const state = { ...parseHash(''), row: '12', q: 'age, a&b=#', theme: 'dark' };
  expect(toHash(parseHash(''))).toBe('#');
  expect(parseHash(toHash(state))).toEqual(state);
  expect(toHash({ ...parseHash(''), row: '12' })).toBe('#row=12');
});

test('unknown keys are left out', () => expect(toHash(parseHash('#row=1&evil=2'))).toBe('#row=1'));

test('lists hold an entry for each name', () => {
  const list = withEntry(withEntry('', 'rows', ['2', 'down']), 'bars', []);
  expect(entryOf(list, 'rows')).toEqual(['2', 'down']);
  expect(entryOf(list, 'bars')).toEqual([]);
  expect(entryOf(list, 'row')).toBeNull();
  expect(withEntry(list, 'rows', null)).toBe('bars');
});
