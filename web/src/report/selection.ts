// The explanations and features that a reader has chosen, and what all charts need to know of them.
import type { FeatureSummary } from '../charts/global_bars.ts';
import { summarize } from '../math/statistics.ts';
import type { Target } from './data.ts';
import type { Loaded } from './loaded.ts';

export function targetName(t: Target): string {
  const index = t.index.length ? `[${t.index.join(', ')}]` : '';
  return `${t.output}${index}${t.label ? ` “${t.label}”` : ''}`;
}

// Words separated by spaces or commas: any of them, case aside. /.../ is a regular expression. Empty: all.
export function nameFilter(query: string): (name: string) => boolean {
  const text = query.trim();
  if (!text) return () => true;
  const pattern = /^\/(.*)\/$/.exec(text);
  if (pattern) {
    try {
      const expression = new RegExp(pattern[1], 'i');
      return (name) => expression.test(name);
    } catch {
      return () => false;
    }
  }
  const words = text.toLowerCase().split(/[\s,]+/);
  return (name) => words.some((w) => w && name.toLowerCase().includes(w));
}

export class Selection {
  readonly explanations: number[]; // at most one of a row
  readonly features: number[]; // that the filter lets through and that have numbers, by mean |total|
  readonly summaries: Map<number, FeatureSummary>;
  private readonly chosenTotals = new Map<number, Float32Array>();

  constructor(
    readonly data: Loaded,
    readonly target: number, // -1: the first of each row
    query: string,
  ) {
    this.explanations = this.choose();
    const every = data.report.features.map((f, i) => ({ i, summary: { name: f.name, ...summarize(this.totals(i)) } }));
    const some = every.filter((e) => e.summary.count > 0);
    some.sort((a, b) => b.summary.meanAbs - a.summary.meanAbs || a.i - b.i);
    this.summaries = new Map(some.map((e) => [e.i, e.summary]));
    const passes = nameFilter(query);
    this.features = some.filter((e) => passes(e.summary.name)).map((e) => e.i);
  }

  totals(feature: number): Float32Array {
    let own = this.chosenTotals.get(feature);
    if (!own) {
      const all = this.data.totals(feature);
      own = new Float32Array(this.explanations.length);
      this.explanations.forEach((e, i) => (own![i] = all[e]));
      this.chosenTotals.set(feature, own);
    }
    return own;
  }

  // Of each explanation's row; null for features that are no single value.
  values(feature: number): { numbers: Float64Array; dictionary: string[] | null } | null {
    const column = this.data.values(feature);
    if (!column) return null;
    const numbers = Float64Array.from(this.explanations, (e) => column.numbers[this.data.row[e]]);
    return { numbers, dictionary: column.dictionary };
  }

  of(column: ArrayLike<number>): Float64Array {
    return Float64Array.from(this.explanations, (e) => column[e]);
  }

  private choose(): number[] {
    const out: number[] = [];
    for (let row = 0; row < this.data.report.rows.count; row++) {
      const all = this.data.explanationsOf(row);
      const found = this.target < 0 ? all[0] : all.find((e) => this.data.target[e] === this.target);
      if (found !== undefined) out.push(found);
    }
    return out;
  }
}
