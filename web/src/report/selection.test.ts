import { expect, test } from 'vitest';
import { mixed, numbers } from '../../tests/make_report.ts';
import { Loaded } from './loaded.ts';
import { nameFilter, Selection } from './selection.ts';

const loaded = ({ report, details }: ReturnType<typeof mixed>) =>
  new Loaded(report, details.map((d) => JSON.stringify(d)).join('\n'));

test.each([
  ['', 'anything', true],
  ['ag', 'Age', true],
  ['job, ag', 'age', true],
  ['job', 'age', false],
  ['/^a.e$/', 'age', true],
  ['/^g/', 'age', false],
  ['/(/', 'age', false],
])('the filter %s lets %s through: %s', (query, name, passes) => expect(nameFilter(query)(name)).toBe(passes));

test('a row takes part once, with its first target or with the chosen one', () => {
  const data = loaded(mixed());
  expect(new Selection(data, -1, '').explanations).toHaveLength(40);
  const second = new Selection(data, 1, '');
  expect(second.explanations).toHaveLength(39); // Row 5 has no second class.
  expect(second.explanations.every((e) => data.target[e] === 1)).toBe(true);
});

test('features come by mean size, and those without numbers not at all', () => {
  const data = loaded(numbers(50, 4, (f) => [0.1, 3, 0, 1][f]));
  const names = (q: string) => new Selection(data, -1, q).features.map((f) => data.report.features[f].name);
  expect(names('')).toEqual(['feature_1', 'feature_3', 'feature_0', 'feature_2']);
  expect(names('_3 _0')).toEqual(['feature_3', 'feature_0']);
});

test('missing values are null, whatever their column', () => {
  const data = loaded(mixed());
  expect(data.valueOf(0, 3)).toBeNull();
  expect(data.valueOf(1, 4)).toBeNull();
  expect(typeof data.valueOf(1, 0)).toBe('string');
  expect(data.valueOf(2, 0)).toBeNull();
});

test('details are those of their row', () => {
  const data = loaded(mixed());
  expect(data.detail(5)!.explanations).toHaveLength(1);
  expect(data.detail(39)!.explanations).toHaveLength(2);
  expect(data.detail(40)).toBeNull();
});
