// A report's data as the page uses it: columns as arrays, decoded when first asked for; a row's details parsed when
// the row is shown.
import type { F32, F64, Report, RowDetail, U32, Values } from './data.ts';

export interface Column {
  numbers: ArrayLike<number>; // the value; a category's code; NaN = missing
  dictionary: string[] | null;
}

const NO_CODE = 0xffffffff;

function bytes(base64: string): ArrayBuffer {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out.buffer;
}

// Every machine that runs a browser today is little-endian, as the columns are.
export const f64 = (c: F64): Float64Array => new Float64Array(bytes(c.f64));
export const f32 = (c: F32): Float32Array => new Float32Array(bytes(c.f32));
export const u32 = (c: U32): Uint32Array => new Uint32Array(bytes(c.u32));

function column(values: Values): Column | null {
  if (!values) return null;
  if ('f64' in values) return { numbers: f64(values), dictionary: null };
  const codes = new Uint32Array(bytes(values.codes));
  return { numbers: Float64Array.from(codes, (c) => (c === NO_CODE ? NaN : c)), dictionary: values.dictionary };
}

export class Loaded {
  readonly row: Uint32Array;
  readonly run: Uint32Array;
  readonly target: Uint32Array;
  readonly score: Float64Array;
  readonly baselineScore: Float64Array;
  readonly error: Float64Array;
  readonly sum: Float64Array;
  readonly converged: Uint32Array;
  readonly line: Uint32Array;
  private readonly decodedTotals: (Float32Array | undefined)[] = [];
  private readonly decodedValues: (Column | null | undefined)[] = [];
  // Explanations of row r: order[first[r] .. first[r + 1]).
  private readonly ofRow: { first: Uint32Array; order: Uint32Array };
  private starts: number[] | undefined;

  constructor(
    readonly report: Report,
    private readonly details: string,
  ) {
    const e = report.explanations;
    this.row = u32(e.row);
    this.run = u32(e.run);
    this.target = u32(e.target);
    this.score = f64(e.score);
    this.baselineScore = f64(e.baselineScore);
    this.error = f64(e.error);
    this.sum = f64(e.sum); // NaN: the method's attributions need not add up, so there is no gap
    this.converged = u32(e.converged);
    this.line = u32(report.rows.line);
    this.ofRow = groups(this.row, report.rows.count);
  }

  // total(f) of each explanation; NaN where it has no such feature.
  totals(feature: number): Float32Array {
    return (this.decodedTotals[feature] ??= f32(this.report.totals[feature]));
  }

  // Of each row; null for features that are no single value.
  values(feature: number): Column | null {
    return (this.decodedValues[feature] ??= column(this.report.values[feature]));
  }

  // A value in words; null if missing or no single value.
  valueOf(feature: number, row: number): number | string | null {
    const c = this.values(feature);
    if (!c || Number.isNaN(c.numbers[row])) return null;
    return c.dictionary ? (c.dictionary[c.numbers[row]] ?? null) : c.numbers[row];
  }

  explanationsOf(row: number): number[] {
    const { first, order } = this.ofRow;
    return row >= 0 && row + 1 < first.length ? [...order.subarray(first[row], first[row + 1])] : [];
  }

  detail(row: number): RowDetail | null {
    this.starts ??= lineStarts(this.details);
    const start = this.starts[row];
    if (start === undefined) return null;
    const end = this.details.indexOf('\n', start);
    const text = this.details.slice(start, end < 0 ? undefined : end);
    return text.trim() ? (JSON.parse(text) as RowDetail) : null;
  }
}

// A counting sort: places of each row, in their order.
function groups(rows: Uint32Array, count: number): { first: Uint32Array; order: Uint32Array } {
  const first = new Uint32Array(count + 1);
  for (const r of rows) if (r < count) first[r + 1]++;
  for (let r = 0; r < count; r++) first[r + 1] += first[r];
  const next = first.slice();
  const order = new Uint32Array(rows.length);
  rows.forEach((r, i) => {
    if (r < count) order[next[r]++] = i;
  });
  return { first, order };
}

function lineStarts(text: string): number[] {
  const starts: number[] = [];
  let at = text.startsWith('\n') ? 1 : 0; // A line may follow the tag.
  while (at < text.length) {
    starts.push(at);
    const end = text.indexOf('\n', at);
    if (end < 0) break;
    at = end + 1;
  }
  return starts;
}

// From the blocks of the document; null if it holds none.
export function load(root: Document): Loaded | null {
  const block = root.getElementById('whylight-report');
  if (!block) return null;
  const report = JSON.parse(block.textContent ?? '') as Report;
  if (report.format !== 1) {
    throw new Error(`the report's data: expected format 1, got ${JSON.stringify(report.format)}; make the report anew`);
  }
  return new Loaded(report, root.getElementById('whylight-details')?.textContent ?? '');
}
