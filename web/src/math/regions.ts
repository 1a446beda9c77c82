// Which regions of a picture make up the top p % of its area.

export interface Area {
  regions: number; // how many are inside
  rank: number; // the last rank inside; -1 if none is
  area: number; // their share of the pixels
}

// Regions in rank order until their area reaches `share`; the one that crosses it is included.
export function topArea(ranks: ArrayLike<number>, share: number): Area {
  const pixels = new Map<number, number>();
  for (let i = 0; i < ranks.length; i++) pixels.set(ranks[i], (pixels.get(ranks[i]) ?? 0) + 1);
  let inside = 0;
  let rank = -1;
  let regions = 0;
  for (const next of [...pixels.keys()].sort((a, b) => a - b)) {
    if (inside >= share * ranks.length) break;
    inside += pixels.get(next)!;
    rank = next;
    regions++;
  }
  return { regions, rank, area: ranks.length ? inside / ranks.length : 0 };
}

// RGB of a pixel = rank >> 16, rank >> 8, rank.
export function ranksOfPixels(rgba: Uint8ClampedArray): Uint32Array {
  const out = new Uint32Array(rgba.length / 4);
  for (let i = 0; i < out.length; i++) out[i] = (rgba[4 * i] << 16) | (rgba[4 * i + 1] << 8) | rgba[4 * i + 2];
  return out;
}
