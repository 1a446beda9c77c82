// An order of rows in which similar ones are neighbours: hierarchical clustering, average linkage.

// rows[i] are vectors of equal length; NaN counts as 0. O(n^2) steps by nearest-neighbour chains, meant for hundreds.
export function similarityOrder(rows: ArrayLike<number>[]): number[] {
  const n = rows.length;
  if (n === 0) return [];
  const distance = rows.map((a) => Float64Array.from(rows, (b) => euclidean(a, b)));
  const members: (number[] | null)[] = rows.map((_, i) => [i]);
  const chain: number[] = [];
  for (let left = n; left > 1;) {
    if (!chain.length) chain.push(members.findIndex((m) => m));
    const tip = chain[chain.length - 1];
    const before = chain[chain.length - 2] ?? -1;
    // Ties go to the one before, or the chain would turn in circles.
    let nearest = before;
    for (let j = 0; j < n; j++) {
      if (j === tip || !members[j]) continue;
      if (nearest < 0 || distance[tip][j] < distance[tip][nearest]) nearest = j;
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    merge(distance, members, Math.min(tip, before), Math.max(tip, before));
    left--;
  }
  return members.find((m) => m)!;
}

function merge(distance: Float64Array[], members: (number[] | null)[], into: number, from: number): void {
  const a = members[into]!;
  const b = members[from]!;
  for (let k = 0; k < members.length; k++) {
    if (!members[k] || k === into || k === from) continue;
    const mean = (a.length * distance[into][k] + b.length * distance[from][k]) / (a.length + b.length);
    distance[into][k] = mean;
    distance[k][into] = mean;
  }
  members[into] = [...a, ...b];
  members[from] = null;
}

function euclidean(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] || 0) - (b[i] || 0)) ** 2;
  return Math.sqrt(sum);
}
