// How far attributions are from adding up, sorted into bins that tell harmless from harmful.
import { LARGE_GAP } from './waterfall.ts';

export interface ErrorBin {
  label: string;
  above: number; // exclusive, but for the first
  upTo: number; // inclusive
  large: boolean;
  count: number;
}

const EDGES = [1e-5, 1e-4, 1e-3, 0.01, LARGE_GAP, 0.1, 1];

const label = (above: number, upTo: number): string => {
  const edge = upTo === Infinity ? above : upTo;
  return `${upTo === Infinity ? '>' : '≤'} ${Number((100 * edge).toPrecision(3))} %`;
};

export function errorBins(errors: ArrayLike<number>): { bins: ErrorBin[]; unknown: number; large: number } {
  const bins = [...EDGES, Infinity].map((upTo, i) => {
    const above = i === 0 ? -1 : EDGES[i - 1];
    return { label: label(above, upTo), above, upTo, large: above >= LARGE_GAP, count: 0 };
  });
  let unknown = 0;
  let large = 0;
  for (let i = 0; i < errors.length; i++) {
    const bin = bins.find((b) => errors[i] <= b.upTo);
    if (!bin) {
      unknown++;
      continue;
    }
    bin.count++;
    if (bin.large) large++;
  }
  return { bins, unknown, large };
}
