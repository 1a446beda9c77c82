// How much is attributed along a text.

export interface Density {
  up: Float64Array; // of each bin the sum of what pushes up
  down: Float64Array; // of each bin the size of what pushes down
}

// `places` are in [0, 1].
export function density(places: ArrayLike<number>, attributions: ArrayLike<number>, bins: number): Density {
  const up = new Float64Array(bins);
  const down = new Float64Array(bins);
  for (let i = 0; i < places.length; i++) {
    const a = attributions[i] || 0;
    const bin = Math.min(bins - 1, Math.floor(places[i] * bins));
    if (a > 0) up[bin] += a;
    else down[bin] -= a;
  }
  return { up, down };
}
