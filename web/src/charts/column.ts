// A feature over many rows, as charts take it: its attributions and values, and the colours of its values.
import { svg } from 'lit';
import { css as rgb, viridis } from '../math/color.ts';
import { value } from '../math/numbers.ts';
import { quantile, sorted } from '../math/statistics.ts';

export interface Column {
  name: string;
  totals: ArrayLike<number>; // of each row
  values: ArrayLike<number> | null; // of each row: numbers, or codes of categories
  dictionary: string[] | null;
}

export const GREY = '#8a9099'; // of a point without a value
export const LAST_TONE = 31;

// Tones 0 to LAST_TONE between the 5th and the 95th percentile; -1 for missing.
export function toneOf(values: ArrayLike<number> | null): (i: number) => number {
  if (!values) return () => -1;
  const ascending = sorted(values);
  const [lo, hi] = [quantile(ascending, 0.05), quantile(ascending, 0.95)];
  return (i) => {
    if (Number.isNaN(values[i])) return -1;
    const t = hi > lo ? Math.min(1, Math.max(0, (values[i] - lo) / (hi - lo))) : 0.5;
    return Math.round(LAST_TONE * t);
  };
}

export function colorOf(tone: number): string {
  return tone < 0 ? GREY : rgb(viridis(tone / LAST_TONE));
}

// The value in row i; null if missing.
export function cell(f: Column, i: number): number | string | null {
  const v = f.values?.[i] ?? NaN;
  if (Number.isNaN(v)) return null;
  return f.dictionary ? (f.dictionary[v] ?? null) : v;
}

export function word(f: Column, i: number): string {
  const c = cell(f, i);
  return typeof c === 'number' ? value(c) : (c ?? '–');
}

export function legend(x: number, y: number, height: number, low = 'low', high = 'high') {
  const steps = 24;
  return svg`<g>
    <text class="soft" x=${x + 5} y=${y - 6} text-anchor="middle" font-size="11">${high}</text>
    ${Array.from({ length: steps }, (_, i) => {
      const color = rgb(viridis(1 - i / (steps - 1)));
      return svg`<rect x=${x} y=${y + (i * height) / steps} width="9" height=${height / steps + 0.6} fill=${color} />`;
    })}
    <text class="soft" x=${x + 5} y=${y + height + 14} text-anchor="middle" font-size="11">${low}</text>
  </g>`;
}
