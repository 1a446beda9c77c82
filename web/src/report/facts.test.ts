import { expect, test } from 'vitest';
import { runFacts } from './facts.ts';

const of = (run: Record<string, unknown>, name: string) =>
  runFacts(run)
    .filter(([n]) => n === name)
    .map(([, text]) => text);

test('inputs with the same baseline stand together, six of them by name', () => {
  const baselines = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((n) => [n, '0 (default)']));
  expect(of({ baselines: { ...baselines, x: '1 (given)' } }, 'Baseline')).toEqual([
    'a, b, c, d, e, f and 2 more: 0 (default)',
    'x: 1 (given)',
  ]);
});

test('inputs that are held for the same reason stand together', () => {
  const held = ['job (its dtype is string)', 'sex (its dtype is string)', 'id (int64)', 'other'];
  expect(of({ held }, 'Held fixed')).toEqual(['job, sex (its dtype is string); id (int64); other']);
});
