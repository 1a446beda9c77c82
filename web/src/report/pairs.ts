// Rows of different files that are one and the same row, explained twice.
import type { Loaded } from './loaded.ts';

export interface Pair {
  a: number; // explanations
  b: number;
}
export interface Pairs {
  pairs: Pair[];
  different: number; // lines whose values, or scores where there are none, are not the same
  otherTarget: number; // rows of which another output or class was explained
}

// The file of each row; null if the lines do not tell. Within a file lines ascend.
export function filesOfRows({ line, report }: Loaded): Uint32Array | null {
  const files = report.sources.map((_, i) => i).filter((i) => report.sources[i].rows > 0);
  const out = new Uint32Array(line.length);
  let at = 0;
  for (let row = 0; row < line.length; row++) {
    if (row > 0 && line[row] <= line[row - 1]) at++;
    out[row] = files[at];
  }
  return line.length > 0 && at === files.length - 1 ? out : null;
}

const SAME = 1e-5; // share by which scores of one model differ from run to run

const same = (x: number, y: number): boolean => Math.abs(x - y) <= SAME * Math.max(1e-3, Math.abs(x), Math.abs(y));

// Whether all values that both rows have are equal; null if there are none.
function sameValues(data: Loaded, a: number, b: number): boolean | null {
  let compared = false;
  for (let f = 0; f < data.report.features.length; f++) {
    const numbers = data.values(f)?.numbers;
    if (!numbers || Number.isNaN(numbers[a]) || Number.isNaN(numbers[b])) continue;
    if (numbers[a] !== numbers[b]) return false;
    compared = true;
  }
  return compared || null;
}

// Of the explanations chosen in file `a`, those whose line is in file `b` too, with the same values and target.
export function pairsOf(data: Loaded, files: Uint32Array, chosen: number[], [a, b]: [number, number]): Pairs {
  const rowAt = new Map<number, number>();
  files.forEach((file, row) => file === b && rowAt.set(data.line[row], row));
  const out: Pairs = { pairs: [], different: 0, otherTarget: 0 };
  for (const e of chosen) {
    const row = data.row[e];
    const other = files[row] === a ? rowAt.get(data.line[row]) : undefined;
    if (other === undefined) continue;
    const twin = data.explanationsOf(other).find((o) => data.target[o] === data.target[e]);
    const alike = sameValues(data, row, other);
    if (alike === false) out.different++;
    else if (twin === undefined) out.otherTarget++;
    else if (alike === null && !same(data.score[e], data.score[twin])) out.different++;
    else out.pairs.push({ a: e, b: twin });
  }
  return out;
}
