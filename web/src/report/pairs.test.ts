import { expect, test } from 'vitest';
import { assemble, twice, type Made } from '../../tests/make_report.ts';
import { Loaded } from './loaded.ts';
import { filesOfRows, pairsOf } from './pairs.ts';

const loaded = ({ report, details }: Made) => new Loaded(report, details.map((d) => JSON.stringify(d)).join('\n'));
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

test('rows are paired by line, if their values are the same and both have the target', () => {
  const data = loaded(twice());
  const files = filesOfRows(data)!;
  expect([...files]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  expect(pairsOf(data, files, ALL, [0, 1])).toEqual({
    pairs: [
      { a: 0, b: 4 },
      { a: 1, b: 5 },
    ],
    different: 1,
    otherTarget: 1,
  });
  expect(pairsOf(data, files, ALL, [1, 0]).pairs[0]).toEqual({ a: 4, b: 0 });
});

const lines = (sources: number[], line: number[], score = (row: number) => row) => {
  const made = assemble({
    title: '',
    features: [{ name: 'text', kind: 'tokens' }],
    values: [null],
    rows: line.length,
    explanations: line.map((_, row) => ({ row, target: 0, baselineScore: 0, score: score(row), totals: [1] })),
    rest: { sources: sources.map((rows) => ({ name: 'x', rows })) },
  });
  made.report.rows.line = { u32: Buffer.from(Uint32Array.from(line).buffer).toString('base64') };
  return loaded(made);
};

test.each([
  ['a line is missing', [3, 3], [1, 3, 1, 2, 3], [0, 0, 1, 1, 1]],
  ['an empty file stands between', [2, 0, 2], [1, 2, 1, 2], [0, 0, 2, 2]],
  ['lines go on', [2, 2], [1, 2, 3, 4], null],
  ['there is no row', [0, 0], [], null],
])('files of rows when %s', (_, sources, line, files) => {
  const found = filesOfRows(lines(sources, line));
  expect(found && [...found]).toEqual(files);
});

test('rows without values are the same if their scores are', () => {
  const data = lines([2, 2], [1, 2, 1, 2], (row) => [0.5, 0.7, 0.5000001, 0.6][row]);
  const { pairs, different } = pairsOf(data, filesOfRows(data)!, [0, 1], [0, 1]);
  expect(pairs).toEqual([{ a: 0, b: 2 }]);
  expect(different).toBe(1);
});
