// How far two explanations of one row say the same.
import { byMagnitude, greatestMagnitude, rankCorrelation } from './statistics.ts';

export interface Agreement {
  correlation: number; // Spearman's, of the totals of features that both have; NaN where one has no order
  common: number; // how many of `top` are among the strongest of both
  top: number; // TOP, or all features if there are fewer
  apart: number; // place of the feature whose totals differ most; -1 if none is in both
}

export const TOP = 5;

// NaN = no such feature.
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): Agreement {
  const both = Array.from(a, (_, i) => i).filter((i) => !Number.isNaN(a[i]) && !Number.isNaN(b[i]));
  const [x, y] = [a, b].map((t) => both.map((i) => t[i]));
  const top = Math.min(TOP, both.length);
  const strongest = new Set(byMagnitude(x).slice(0, top));
  const ordered = both.length > 1 && greatestMagnitude(x) > 0 && greatestMagnitude(y) > 0;
  return {
    correlation: ordered ? rankCorrelation(x, y) : NaN,
    common: byMagnitude(y)
      .slice(0, top)
      .filter((i) => strongest.has(i)).length,
    top,
    apart: both[byMagnitude(x.map((v, i) => v - y[i]))[0]] ?? -1,
  };
}

// Counts in `bins` of equal width over [-1, 1]; 1 is in the last. NaN is left out.
export function correlationBins(x: ArrayLike<number>, bins = 10): { middle: number; count: number }[] {
  const out = Array.from({ length: bins }, (_, i) => ({ middle: (2 * i + 1) / bins - 1, count: 0 }));
  for (let i = 0; i < x.length; i++) {
    if (!Number.isNaN(x[i])) out[Math.min(bins - 1, Math.floor(((x[i] + 1) / 2) * bins))].count++;
  }
  return out;
}
