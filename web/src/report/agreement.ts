// <wl-agreement>: where several files explain the same rows, how far they say the same.
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '../charts/histogram.ts';
import type { Bin } from '../charts/histogram.ts';
import { base, sections } from '../charts/styles.ts';
import '../charts/table.ts';
import type { TableOf } from '../charts/table.ts';
import { agreement, correlationBins, TOP, type Agreement } from '../math/agreement.ts';
import { count, plural, short } from '../math/numbers.ts';
import { methodName, runFacts, some, type Fact } from './facts.ts';
import type { Loaded } from './loaded.ts';
import { filesOfRows, pairsOf, type Pair, type Pairs } from './pairs.ts';
import type { Shared } from './report.ts';
import type { Selection } from './selection.ts';

interface Compared {
  of: [number, number]; // files
  found: Pairs;
  rows: (Pair & Agreement)[];
}

@customElement('wl-agreement')
export class AgreementPage extends LitElement {
  @property({ attribute: false }) data!: Loaded;
  @property({ attribute: false }) selection!: Selection;
  @property({ attribute: false }) shared!: Shared;
  private kept: { selection: Selection; pair: string; compared: Compared | null } | null = null;
  private files: Uint32Array | null | undefined;

  static override styles = [
    base,
    sections,
    css`
      .controls {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 1rem;
        margin-bottom: 1rem;
        font-size: 0.86rem;
      }
      .pair {
        margin: 1.5rem 0;
      }
    `,
  ];

  override render(): TemplateResult | typeof nothing {
    const compared = this.compared();
    if (!compared) return nothing;
    const { rows } = compared;
    return html`<section>
      <h2>Two ways of explaining</h2>
      ${this.controls(compared.of)}
      <p class="text">${this.told(compared)}</p>
      ${rows.length ? html`${this.ways(compared)}${this.histograms(rows)}${this.table(compared)}` : nothing}
    </section>`;
  }

  // null where there are no two files of the same rows.
  private compared(): Compared | null {
    const { pair } = this.shared.state;
    if (this.kept?.selection !== this.selection || this.kept.pair !== pair) {
      this.kept = { selection: this.selection, pair, compared: this.compare(pair) };
    }
    return this.kept.compared;
  }

  private compare(pair: string): Compared | null {
    const { data, selection } = this;
    const { sources } = data.report;
    if (sources.length < 2 || selection.features.length < 2) return null;
    this.files ??= filesOfRows(data);
    if (!this.files) return null;
    const [a = 0, b = 1] = /^\d+\.\d+$/.test(pair) ? pair.split('.').map(Number) : [];
    const of: [number, number] = sources[a] && sources[b] ? [a, b] : [0, 1];
    const found = pairsOf(data, this.files, selection.explanations, of);
    const totals = selection.features.map((f) => data.totals(f));
    const at = (e: number) => totals.map((t) => t[e]);
    const rows = found.pairs.map((p) => ({ ...p, ...agreement(at(p.a), at(p.b)) }));
    const none = found.pairs.length + found.otherTarget + found.different === 0;
    return none && sources.length === 2 ? null : { of, found, rows };
  }

  private wayOf(file: number): Record<string, unknown> {
    const row = this.files!.indexOf(file);
    const [e] = this.data.explanationsOf(row);
    return this.data.report.runs[this.data.run[e]] ?? {};
  }

  private nameOf(file: number): string {
    return `${this.data.report.sources[file].name}, ${methodName(this.wayOf(file))}`;
  }

  private controls(of: [number, number]): TemplateResult | typeof nothing {
    const { sources } = this.data.report;
    if (sources.length < 3) return nothing;
    const change = (which: 0 | 1, to: string) => {
      const value = { pair: which ? `${of[0]}.${to}` : `${to}.${of[1]}` };
      this.dispatchEvent(new CustomEvent('wl-change', { detail: { name: '', value }, bubbles: true, composed: true }));
    };
    const pick = (label: string, which: 0 | 1) =>
      html`<label class="soft"
        >${label}
        <select @change=${(e: Event) => change(which, (e.target as HTMLSelectElement).value)}>
          ${sources.map((_, i) => html`<option value=${i} ?selected=${of[which] === i}>${this.nameOf(i)}</option>`)}
        </select>
      </label>`;
    return html`<div class="controls control">${pick('First', 0)} ${pick('Second', 1)}</div>`;
  }

  private told({ found, rows }: Compared): string {
    const { different, otherTarget } = found;
    const correlations = rows.map((r) => r.correlation).filter((r) => !Number.isNaN(r));
    const mean = correlations.reduce((s, r) => s + r, 0) / correlations.length;
    return [
      `${plural(rows.length, 'row')} with the same line and values in both files`,
      correlations.length ? `mean rank correlation ${short(mean)}` : '',
      different ? `${count(different)} left out: the same line, other values` : '',
      otherTarget ? `${count(otherTarget)} left out: another output or class` : '',
    ]
      .filter(Boolean)
      .join('; ');
  }

  // In what the two differ.
  private ways({ of: [a, b] }: Compared): TemplateResult | typeof nothing {
    const [first, second] = apart(runFacts(this.wayOf(a)), runFacts(this.wayOf(b)));
    const names = [...new Set([...first.keys(), ...second.keys()])];
    if (!names.length) return nothing;
    const { sources } = this.data.report;
    const data: TableOf = {
      columns: [{ label: 'differs in' }, { label: sources[a].name }, { label: sources[b].name }],
      rows: names.map((n) => [n, first.get(n) ?? null, second.get(n) ?? null]),
    };
    const t = this.shared.tableOf('ways');
    return html`<wl-table name="ways" caption="Two ways" .data=${data} .sort=${t.sort} .page=${t.page}></wl-table>`;
  }

  private histograms(rows: Agreement[]): TemplateResult {
    const correlations = correlationBins(rows.map((r) => r.correlation)).map(({ middle, count }): Bin => ({
      label: short(middle),
      count,
    }));
    const top = Math.max(...rows.map((r) => r.top));
    const shares = Array.from({ length: top + 1 }, (_, n): Bin => {
      return { label: `${n} of ${top}`, count: rows.filter((r) => r.top === top && r.common === n).length };
    });
    return html`<div class="pair">
      ${this.histogram('correlations', 'Rank correlation of attributions', 'middle of the bin', correlations)}
      ${this.histogram('common', `Of the ${top} strongest features in common`, 'in common', shares)}
    </div>`;
  }

  private histogram(name: string, heading: string, unit: string, bins: Bin[]): TemplateResult {
    const t = this.shared.tableOf(name);
    return html`<wl-histogram
      .name=${name}
      .heading=${heading}
      .unit=${unit}
      .bins=${bins}
      .given=${t}
    ></wl-histogram>`;
  }

  private table({ of: [a, b], rows }: Compared): TemplateResult {
    const { data } = this;
    const { features, sources } = data.report;
    const t = this.shared.tableOf('agreement');
    const low = (r: Agreement) => (Number.isNaN(r.correlation) ? Infinity : r.correlation);
    const ordered = [...rows].sort((x, y) => low(x) - low(y) || x.common - y.common);
    const table: TableOf = {
      columns: [
        { label: 'first row', form: 'row' },
        { label: 'second row', form: 'row' },
        { label: 'rank correlation', form: 'signed' },
        { label: `of ${TOP} in common`, form: 'count' },
        { label: 'F(x)', form: 'number' },
        { label: 'differs most' },
        { label: sources[a].name, form: 'signed' },
        { label: sources[b].name, form: 'signed' },
      ],
      rows: ordered.map((r) => {
        const feature = this.selection.features[r.apart];
        const totals = feature === undefined ? null : data.totals(feature);
        return [
          data.row[r.a],
          data.row[r.b],
          r.correlation,
          r.common,
          data.score[r.a],
          feature === undefined ? null : features[feature].name,
          totals?.[r.a] ?? null,
          totals?.[r.b] ?? null,
        ];
      }),
    };
    return html`<h3>Where they differ most</h3>
      <wl-table
        name="agreement"
        caption="Where two ways of explaining differ most"
        .data=${table}
        .sort=${t.sort}
        .page=${t.page}
        .rowLink=${this.shared.rowLink}
      ></wl-table>`;
  }
}

// What each says that the other does not, by name; of many facts of one name some.
function apart(a: Fact[], b: Fact[]): Map<string, string>[] {
  return [a, b].map((facts, i) => {
    const other = new Set([b, a][i].map((f) => f.join()));
    const own = facts.filter((f) => !other.has(f.join()));
    const names = [...new Set(own.map(([name]) => name))];
    return new Map(
      names.map((n) => [
        n,
        some(
          own.filter(([name]) => name === n).map(([, text]) => text),
          '; ',
        ),
      ]),
    );
  });
}
