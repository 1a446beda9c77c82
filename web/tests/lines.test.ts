// What prettier leaves long: templates and comments.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const FOLDER = new URL('..', import.meta.url);
const WIDTH = 120;
const sources = ['src', 'tests']
  .flatMap((folder) => readdirSync(new URL(folder, FOLDER), { recursive: true }).map((name) => `${folder}/${name}`))
  .filter((name) => /\.(ts|css)$/.test(name));

test('there are sources to look at', () => expect(sources).toContain('src/charts/chart.ts'));

test.each(sources)('lines of %s are at most 120 columns', (name) => {
  const lines = readFileSync(new URL(name, FOLDER), 'utf8').split('\n');
  expect(lines.flatMap((line, i) => ([...line].length > WIDTH ? [`${name}:${i + 1}`] : []))).toEqual([]);
});
