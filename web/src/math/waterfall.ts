// From F(b) to F(x), a bar for each feature. What the attributions do not account for, the gap, comes first.
import { byMagnitude } from './statistics.ts';

export interface Part {
  name: string;
  total: number;
}
export interface Step {
  name: string;
  kind: 'gap' | 'others' | 'feature';
  total: number;
  from: number;
  to: number;
  part: number; // place in the parts; -1 for the gap and the others
}
export interface Waterfall {
  gap: number;
  gapShare: number; // |gap| / |F(x) - F(b)|; Infinity for a gap without a difference
  steps: Step[]; // the lowest line first
}

const DRAWN_GAP = 0.005;
export const LARGE_GAP = 0.05;

export function shareOf(gap: number, difference: number): number {
  return gap === 0 ? 0 : Math.abs(gap) / Math.abs(difference);
}

// Features are stacked from the smallest |total| to the largest; of more than `limit` the smallest stand together.
export function waterfall(baseline: number, score: number, parts: Part[], limit = Infinity): Waterfall {
  const sum = parts.reduce((s, p) => s + (p.total || 0), 0);
  const gap = score - baseline - sum;
  const gapShare = shareOf(gap, score - baseline);
  const steps: Step[] = [];
  let at = baseline;
  const add = (step: Omit<Step, 'from' | 'to'>) => {
    steps.push({ ...step, from: at, to: at + step.total });
    at += step.total;
  };

  if (gapShare > DRAWN_GAP) add({ name: 'not attributed', kind: 'gap', total: gap, part: -1 });
  const order = byMagnitude(parts.map((p) => p.total)).reverse();
  const hidden = order.length > limit ? order.splice(0, order.length - limit) : [];
  if (hidden.length) {
    const total = hidden.reduce((s, i) => s + parts[i].total, 0);
    add({ name: others(hidden.length), kind: 'others', total, part: -1 });
  }
  for (const i of order) add({ name: parts[i].name, kind: 'feature', total: parts[i].total, part: i });
  return { gap, gapShare, steps };
}

export function others(n: number): string {
  return n === 1 ? '1 other' : `${n} others`;
}
