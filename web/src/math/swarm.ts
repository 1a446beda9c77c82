// Where the points of a beeswarm go across their line.

// x in `bins` between lo and hi; within a bin the k-th point stands (-1)^k ceil(k / 2) steps from the line.
export function swarm(x: ArrayLike<number>, lo: number, hi: number, bins = 100): Int32Array {
  const seen = new Int32Array(bins);
  const out = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i])) continue;
    const share = hi > lo ? (x[i] - lo) / (hi - lo) : 0;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(share * bins)));
    const k = seen[bin]++;
    out[i] = (k % 2 ? -1 : 1) * Math.ceil(k / 2);
  }
  return out;
}
