// Means, quantiles and ranks. NaN is missing and takes no part; sums are in double.

export type Numbers = ArrayLike<number>;

export interface Summary {
  count: number;
  mean: number;
  meanAbs: number;
  standardError: number; // of meanAbs; NaN for one value
  quantiles: number[]; // at QUANTILES
}

export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];

export function present(x: Numbers): Float64Array {
  return Float64Array.from(x).filter((v) => !Number.isNaN(v));
}

export function sorted(x: Numbers): Float64Array {
  return present(x).sort();
}

// Of sorted values, linear between neighbours: position p (n - 1).
export function quantile(ascending: Numbers, p: number): number {
  const n = ascending.length;
  if (n === 0) return NaN;
  const place = p * (n - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, n - 1);
  return ascending[below] + (place - below) * (ascending[above] - ascending[below]);
}

export function summarize(x: Numbers): Summary {
  const values = sorted(x);
  const n = values.length;
  let sum = 0;
  let abs = 0;
  for (const v of values) {
    sum += v;
    abs += Math.abs(v);
  }
  const meanAbs = abs / n;
  let squares = 0;
  for (const v of values) squares += (Math.abs(v) - meanAbs) ** 2;
  return {
    count: n,
    mean: sum / n,
    meanAbs,
    standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : NaN,
    quantiles: QUANTILES.map((p) => quantile(values, p)),
  };
}

// Ranks from 1; equal values share the mean of theirs; NaN stays.
export function ranks(x: Numbers): Float64Array {
  const order = Uint32Array.from({ length: x.length }, (_, i) => i).filter((i) => !Number.isNaN(x[i]));
  order.sort((a, b) => x[a] - x[b]);
  const out = new Float64Array(x.length).fill(NaN);
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && x[order[j]] === x[order[i]]) j++;
    for (let k = i; k < j; k++) out[order[k]] = (i + j + 1) / 2;
    i = j;
  }
  return out;
}

// Pearson's, over the places where both are there; 0 if one of them does not vary.
export function correlation(x: Numbers, y: Numbers): number {
  let n = 0;
  let mx = 0;
  let my = 0;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue;
    n++;
    mx += x[i];
    my += y[i];
  }
  mx /= n;
  my /= n;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue;
    xx += (x[i] - mx) ** 2;
    yy += (y[i] - my) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}

// Spearman's, over the places where both are there.
export function rankCorrelation(x: Numbers, y: Numbers): number {
  const both = Array.from(x, (v, i) => !Number.isNaN(v) && !Number.isNaN(y[i]));
  const only = (v: Numbers) => ranks(Array.from(v).filter((_, i) => both[i]));
  return correlation(only(x), only(y));
}

// y less the mean of its bin, after binning x into `bins` of about equal counts; equal x share a bin.
export function binResiduals(x: Numbers, y: Numbers, bins = 10): Float64Array {
  const ascending = sorted(x);
  const edges: number[] = [];
  for (let b = 1; b < bins; b++) edges.push(quantile(ascending, b / bins));
  const binOf = (v: number) => {
    let b = 0;
    while (b < edges.length && v > edges[b]) b++;
    return b;
  };
  const sums = new Float64Array(bins);
  const counts = new Float64Array(bins);
  const place = new Int32Array(x.length).fill(-1);
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue;
    place[i] = binOf(x[i]);
    sums[place[i]] += y[i];
    counts[place[i]]++;
  }
  return Float64Array.from(y, (v, i) => (place[i] < 0 ? NaN : v - sums[place[i]] / counts[place[i]]));
}

// The candidate whose ranks say most about what x leaves unsaid of y; -1 if none says anything.
export function strongestInteraction(x: Numbers, y: Numbers, candidates: (Numbers | null)[]): number {
  const residuals = binResiduals(x, y);
  const residualRanks = ranks(residuals); // Hold for every candidate that misses nothing.
  let best = -1;
  let strength = 1e-9; // Rounding alone is no interaction.
  candidates.forEach((candidate, i) => {
    if (!candidate) return;
    const whole = !Array.prototype.some.call(candidate, Number.isNaN);
    const r = Math.abs(whole ? correlation(ranks(candidate), residualRanks) : rankCorrelation(candidate, residuals));
    if (r > strength) {
      strength = r;
      best = i;
    }
  });
  return best;
}

// Places of x by |x| descending; of equal ones the earlier first; missing ones are left out.
export function byMagnitude(x: Numbers): number[] {
  return Array.from(x, (_, i) => i)
    .filter((i) => !Number.isNaN(x[i]))
    .sort((a, b) => Math.abs(x[b]) - Math.abs(x[a]) || a - b);
}

export function greatestMagnitude(x: Numbers): number {
  let m = 0;
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]) > m) m = Math.abs(x[i]);
  return m;
}

export function extent(x: Numbers): [number, number] {
  let lo = Infinity;
  let hi = -Infinity;
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i])) continue;
    if (x[i] < lo) lo = x[i];
    if (x[i] > hi) hi = x[i];
  }
  return lo <= hi ? [lo, hi] : [NaN, NaN];
}
