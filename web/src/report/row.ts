// <wl-row>: one row: its score, what each feature did to it, and the features that have parts.
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import '../charts/bars.ts';
import type { Bar } from '../charts/bars.ts';
import '../charts/force.ts';
import '../charts/grid.ts';
import '../charts/picture.ts';
import type { PictureData } from '../charts/picture.ts';
import '../charts/sequence.ts';
import { base, pair } from '../charts/styles.ts';
import '../charts/table.ts';
import { LONG } from '../charts/tokens.ts';
import '../charts/waterfall.ts';
import type { WaterfallPart } from '../charts/waterfall.ts';
import { exact, percent, short, signed, value } from '../math/numbers.ts';
import { greatestMagnitude } from '../math/statistics.ts';
import { LARGE_GAP, shareOf } from '../math/waterfall.ts';
import type { Elements, Picture, RowDetail, Tokens, Vector } from './data.ts';
import { runFacts } from './facts.ts';
import { f32, type Loaded } from './loaded.ts';
import { filesOfRows } from './pairs.ts';
import type { Shared } from './report.ts';
import { targetName, type Selection } from './selection.ts';
import { shownText } from './text.ts';

const stripNote = ' The strip is the whole text: drag the window to what stands out.';
const BARS_OF_VECTOR = 40; // A longer vector without names is drawn along its places.

@customElement('wl-row')
export class RowPage extends LitElement {
  @property({ attribute: false }) data!: Loaded;
  @property({ attribute: false }) selection!: Selection;
  @property({ attribute: false }) shared!: Shared;
  @property({ attribute: false }) row = 0;
  private readonly pictures = new WeakMap<Picture, PictureData>();
  private files: { of: Uint32Array | null } | null = null;
  private parsed: { row: number; detail: RowDetail | null } | null = null;

  static override styles = [
    base,
    pair,
    css`
      nav {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1.25rem;
        margin-top: 1.5rem;
        font-size: 0.9rem;
      }
      nav .ends {
        margin-left: auto;
        display: flex;
        gap: 1.25rem;
      }
      h2 {
        font-size: 1.45rem;
        font-weight: 650;
        letter-spacing: -0.01em;
        margin-top: 1.25rem;
      }
      h2 .soft {
        font-weight: 400;
        font-size: 0.95rem;
        letter-spacing: 0;
      }
      .classes {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
        margin-top: 0.75rem;
        padding: 0;
        list-style: none;
      }
      .numbers {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr));
        gap: 1rem 1.5rem;
        margin: 1.5rem 0 0;
        padding: 1.1rem 1.25rem;
        background: var(--wash);
        border-radius: 8px;
        break-inside: avoid;
      }
      .numbers dt {
        font-size: 0.8rem;
        color: var(--soft);
      }
      .numbers dd {
        font-size: 1.3rem;
        line-height: 1.35;
        font-variant-numeric: tabular-nums;
      }
      .numbers dd small {
        display: block;
        font-size: 0.8rem;
        color: var(--soft);
      }
      .numbers .alarm,
      .numbers .alarm small {
        color: var(--alarm);
      }
      .pair {
        margin-top: 2.5rem;
        align-items: start;
      }
      section {
        margin-top: 2.75rem;
      }
      details.more {
        margin-top: 1.5rem;
        font-size: 0.9rem;
      }
      details.more > summary {
        color: var(--soft);
        width: fit-content;
      }
      pre {
        margin: 0.5rem 0 0;
        padding: 0.75rem 1rem;
        background: var(--wash);
        border-radius: 6px;
        font: 0.82rem/1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        max-height: 20rem;
        overflow: auto;
      }
      .scale {
        display: block;
        margin-bottom: 0.75rem;
        font-size: 0.86rem;
        color: var(--soft);
      }
      .scale select {
        color: var(--ink);
      }
      @media print {
        details.more:not([open]) {
          display: none;
        }
        .numbers {
          padding: 0;
        }
      }
    `,
  ];

  private get detail(): RowDetail | null {
    if (this.parsed?.row !== this.row) this.parsed = { row: this.row, detail: this.data.detail(this.row) };
    return this.parsed.detail;
  }

  // The explanation of the chosen target, else the first.
  private get ordinal(): number {
    const own = this.data.explanationsOf(this.row);
    return Math.max(
      0,
      own.findIndex((e) => this.data.target[e] === this.selection.target),
    );
  }

  override render(): TemplateResult {
    const own = this.data.explanationsOf(this.row);
    const e = own[this.ordinal];
    return html`${this.navigation()}
      <h2>
        Row ${this.row}
        <span class="soft">${[this.place(), e === undefined ? '' : this.target(e)].filter(Boolean).join(' · ')}</span>
      </h2>
      ${own.length > 1 ? this.classes(own) : nothing}
      ${e === undefined ? html`<p>This row has no explanation.</p>` : this.explanation(e)}`;
  }

  private target(e: number): string {
    return targetName(this.data.report.targets[this.data.target[e]]);
  }

  private place(): string {
    const line = this.data.line[this.row];
    if (line === undefined) return '';
    this.files ??= { of: filesOfRows(this.data) };
    const file = this.data.report.sources[this.files.of?.[this.row] ?? -1];
    return `line ${line}${file ? ` of ${file.name}` : ''}`;
  }

  private navigation(): TemplateResult {
    const last = this.data.report.rows.count - 1;
    const link = (row: number, text: string) =>
      row < 0 || row > last
        ? html`<span class="soft">${text}</span>`
        : html`<a href=${this.shared.rowLink(row)}>${text}</a>`;
    return html`<nav class="control" aria-label="Rows">
      <a href=${this.shared.allLink}>All rows</a>
      <span class="ends">${link(this.row - 1, '← previous')} ${link(this.row + 1, 'next →')}</span>
    </nav>`;
  }

  private classes(own: number[]): TemplateResult {
    const { target, score, report } = this.data;
    return html`<ul class="classes control">
      ${own.map(
        (e, i) =>
          html`<li>
            <button aria-pressed=${i === this.ordinal} @click=${() => this.change({ target: String(target[e]) })}>
              ${targetName(report.targets[target[e]])} <span class="number">${short(score[e])}</span>
            </button>
          </li>`,
      )}
    </ul>`;
  }

  private change(value: Record<string, string>): void {
    this.dispatchEvent(new CustomEvent('wl-change', { detail: { name: '', value }, bubbles: true, composed: true }));
  }

  private explanation(e: number): TemplateResult {
    const { elements = {}, standardErrors = {} } = this.detail?.explanations[this.ordinal] ?? {};
    const features = this.features(e, standardErrors, elements);
    const parts = this.elements(e, elements);
    // A text or a picture that is the only feature says more than its total.
    const [first, second] = this.isAlone(e, elements) ? [parts, features] : [features, parts];
    return html`${this.numbers(e)} ${first} ${second} ${this.more(e)}`;
  }

  private isAlone(e: number, elements: Record<string, Elements>): boolean {
    const own = this.selection.features.filter((f) => !Number.isNaN(this.data.totals(f)[e]));
    const of = own.length === 1 && elements[this.data.report.features[own[0]].name];
    return of ? !single(of) : false;
  }

  private numbers(e: number): TemplateResult {
    const { score, baselineScore, sum, error, converged } = this.data;
    const difference = score[e] - baselineScore[e];
    const gap = difference - sum[e];
    const share = shareOf(gap, difference);
    const number = (name: string, x: number, text: string, note: unknown = nothing, alarm = false) =>
      html`<div class=${alarm ? 'alarm' : ''}>
        <dt>${name}</dt>
        <dd title=${exact(x)}>${text}${note ? html`<small>${note}</small>` : nothing}</dd>
      </div>`;
    const large = share > LARGE_GAP;
    const ofDifference = Number.isFinite(share)
      ? `${share > 0 && share < 1e-6 ? '< 0.0001 %' : percent(share)} of the difference`
      : '';
    const addsUp = !Number.isNaN(sum[e]);
    const told = converged[e] === 0 ? 'tolerance not reached' : converged[e] === 1 ? 'tolerance reached' : '';
    return html`<dl class="numbers">
      ${number('F(b), the baseline', baselineScore[e], short(baselineScore[e]))}
      ${number('F(x), this row', score[e], short(score[e]))} ${number('Difference', difference, signed(difference))}
      ${
        addsUp
          ? html`${number('Sum of attributions', sum[e], signed(sum[e]))}
            ${number('Gap', gap, signed(gap), large ? `${ofDifference}: raise steps or paths` : ofDifference, large)}`
          : nothing
      }
      ${number('Approximation error', error[e], percent(error[e]), told, error[e] > LARGE_GAP)}
    </dl>`;
  }

  // What the filter hides stays in the sum: a waterfall ends at F(x).
  private features(e: number, errors: Record<string, number>, elements: Record<string, Elements>): TemplateResult {
    const { features } = this.data.report;
    const chosen = new Set(this.selection.features);
    const parts: WaterfallPart[] = [];
    const bars: Bar[] = [];
    let hidden = 0;
    let hiddenTotal = 0;
    features.forEach((f, i) => {
      const total = this.data.totals(i)[e];
      if (Number.isNaN(total)) return;
      if (!chosen.has(i)) {
        hidden++;
        hiddenTotal += total;
        return;
      }
      const detail = this.valueText(i, elements[f.name]);
      parts.push({ name: f.name, total, detail });
      bars.push({ label: f.name, detail, value: total, error: errors[f.name] });
    });
    if (hidden) parts.push({ name: `${hidden} not shown by the filter`, total: hiddenTotal });
    const fall = this.shared.tableOf('waterfall');
    const { score, baselineScore, sum } = this.data;
    const known = !Number.isNaN(baselineScore[e]) && !Number.isNaN(score[e]);
    const based = known && !Number.isNaN(sum[e]);
    return html`${based && parts.length > 1 ? this.force(e, parts) : nothing}
      <div class="pair">
        ${
          based
            ? html`<wl-waterfall
                name="waterfall"
                heading="From the baseline to this row"
                note="Read from the bottom: each bar starts where the one below ends."
                .baseline=${this.data.baselineScore[e]}
                .score=${this.data.score[e]}
                .parts=${parts}
                .given=${fall}
              ></wl-waterfall>`
            : html`<p class="soft">
                No waterfall:
                ${known ? 'attributions of this method do not add up to F(x) − F(b).' : 'F(x) or F(b) is missing.'}
              </p>`
        }
        ${bars.length > 1 || !based ? this.bars('bars', 'Attributions by size', bars, 10) : nothing}
      </div>`;
  }

  private force(e: number, parts: WaterfallPart[]): TemplateResult {
    const t = this.shared.tableOf('force');
    return html`<section>
      <wl-force
        name="force"
        heading="What pushes the score"
        note="Left of F(x): what pushes it up; right of it: what pushes it down. A bar is as long as its attribution."
        .baseline=${this.data.baselineScore[e]}
        .score=${this.data.score[e]}
        .parts=${parts}
        .given=${t}
      ></wl-force>
    </section>`;
  }

  // Nothing for a feature of many values.
  private valueText(feature: number, of: Elements | undefined): string | undefined {
    if (of && single(of)) return of.values ? value(of.values[0]) : undefined;
    if (!this.data.values(feature)) return undefined;
    const x = this.data.valueOf(feature, this.row);
    return typeof x === 'string' ? x : value(x);
  }

  private elements(e: number, elements: Record<string, Elements>): TemplateResult | typeof nothing {
    const { features } = this.data.report;
    const shown = this.selection.features.filter((i) => {
      const of = elements[features[i].name];
      return of && !single(of); // Its bar is above.
    });
    if (!shown.length) return nothing;
    return html`${shown.map((i) => this.feature(e, i, elements[features[i].name]))}`;
  }

  private feature(e: number, i: number, of: Elements): TemplateResult {
    if (of.kind === 'tokens') return this.tokens(i, of);
    if (of.kind === 'image') return this.picture(e, i, of);
    return this.vector(i, of);
  }

  private vector(i: number, v: Vector): TemplateResult {
    const { name, elements } = this.data.report.features[i];
    const t = this.shared.tableOf(`elements-${i}`);
    const named = elements?.length === v.attributions.length;
    if (isGrid(v)) {
      return html`<section>
        <wl-grid
          name="elements-${i}"
          heading=${name}
          note="Attributions by place; the picture itself is not in the answer."
          .attributions=${v.attributions}
          .shape=${v.shape}
          .given=${t}
        ></wl-grid>
      </section>`;
    }
    if (v.shape.length > 1 || (!named && v.attributions.length > BARS_OF_VECTOR)) {
      return html`<section>
        <wl-sequence
          name="elements-${i}"
          heading=${name}
          note=${v.values ? 'Value as a line, attribution as an area below it.' : 'Attribution over the steps.'}
          .values=${v.values}
          .attributions=${v.attributions}
          .shape=${v.shape}
          .names=${elements ?? null}
          .given=${t}
        ></wl-sequence>
      </section>`;
    }
    const bars = v.attributions.map((a, k) => ({
      label: named ? elements![k] : `${name}[${k}]`,
      detail: v.values ? value(v.values[k]) : undefined,
      value: a,
    }));
    return html`<section>${this.bars(`elements-${i}`, `Elements of ${name}`, bars, 20)}</section>`;
  }

  private bars(key: string, heading: string, bars: Bar[], limit: number): TemplateResult {
    const t = this.shared.tableOf(key);
    return html`<wl-bars .name=${key} .heading=${heading} .bars=${bars} .limit=${limit} .given=${t}></wl-bars>`;
  }

  private tokens(i: number, of: Tokens): TemplateResult {
    const { name } = this.data.report.features[i];
    const t = this.shared.tableOf(`elements-${i}`);
    const greatest = this.shared.state.scale === 'all' ? greatestMagnitude(this.selection.totals(i)) : 0;
    const text = shownText(of, this.shared.state.text === 'word' ? 'word' : 'token');
    const bars = text.tokens.map((token, k) => ({
      label: `${token.trim() || '(space)'} (${k})`,
      value: text.attributions[k],
    }));
    return html`<section>
        <label class="scale control"
          >Scale of colours
          <select @change=${(ev: Event) => this.change({ scale: (ev.target as HTMLSelectElement).value })}>
            <option value="all" ?selected=${this.shared.state.scale === 'all'}>the same for all rows</option>
            <option value="row" ?selected=${this.shared.state.scale === 'row'}>of this row</option>
          </select>
        </label>
        <wl-tokens
          name="elements-${i}"
          heading=${name}
          note="Solid underline: pushes the score up. Dotted: down.${text.tokens.length > LONG ? stripNote : ''}"
          .unit=${text.unit}
          .tokens=${text.tokens}
          .attributions=${text.attributions}
          .pieces=${text.pieces}
          .greatest=${greatest}
          .given=${t}
        ></wl-tokens>
      </section>
      <section>${this.bars(`tokens-${i}`, `Strongest ${text.unit}s of ${name}`, bars, 10)}</section>`;
  }

  private picture(e: number, i: number, of: Picture): TemplateResult {
    const { name } = this.data.report.features[i];
    const t = this.shared.tableOf(`elements-${i}`);
    const { state } = this.shared;
    return html`<section>
      <wl-picture
        name="elements-${i}"
        heading=${name}
        .data=${this.pictureData(of)}
        .about=${{ feature: name, ...this.about(e) }}
        .view=${state.view}
        .opacity=${Number(state.opacity)}
        .area=${Number(state.area)}
        .given=${t}
      ></wl-picture>
      ${of.regions ? this.regions(i, of.regions.list) : nothing}
    </section>`;
  }

  // The same object for the same picture, which takes its pixels but once.
  private pictureData(of: Picture): PictureData {
    let data = this.pictures.get(of);
    if (!data) {
      const map = { ...of.map, values: f32(of.map) };
      data = { ...of, map, overlays: of.overlays ?? [], regions: of.regions ?? null };
      this.pictures.set(of, data);
    }
    return data;
  }

  // What an explanation says of itself, by the names that answers use.
  private about(e: number): Record<string, unknown> {
    const { report, run, target, line, score, baselineScore, error, sum } = this.data;
    const { output, index, label } = report.targets[target[e]];
    return {
      row: this.row,
      line: line[this.row],
      method: report.runs[run[e]]?.method ?? null,
      output,
      index,
      label,
      instanceOutputValue: score[e],
      baselineOutputValue: baselineScore[e],
      gap: Number.isNaN(sum[e]) ? null : score[e] - baselineScore[e] - sum[e],
      approximationError: error[e],
    };
  }

  private regions(i: number, list: NonNullable<Picture['regions']>['list']): TemplateResult {
    const key = `regions-${i}`;
    const t = this.shared.tableOf(key);
    let area = 0;
    const rows = [...list]
      .sort((a, b) => a.rank - b.rank)
      .map((r) => [r.rank, r.attribution, r.area, (area += r.area), Math.round(r.x), Math.round(r.y)]);
    return html`<details class="more" ?open=${t.open} @toggle=${(e: Event) => this.opened(key, e)}>
      <summary>Regions</summary>
      <wl-table
        .name=${key}
        caption="Regions"
        .data=${{
          columns: [
            { label: 'rank', form: 'count' },
            { label: 'share of attribution', form: 'percent' },
            { label: 'area', form: 'percent' },
            { label: 'area so far', form: 'percent' },
            { label: 'x', form: 'count' },
            { label: 'y', form: 'count' },
          ],
          rows,
        }}
        .sort=${t.sort}
        .page=${t.page}
      ></wl-table>
    </details>`;
  }

  private opened(name: string, event: Event): void {
    const { open } = event.target as HTMLDetailsElement;
    if (open === this.shared.tableOf(name).open) return;
    this.dispatchEvent(new CustomEvent('wl-open', { detail: { name, value: open }, bubbles: true, composed: true }));
  }

  private more(e: number): TemplateResult {
    const run = this.data.report.runs[this.data.run[e]];
    return html`<details class="more">
        <summary>Prediction</summary>
        <pre tabindex="0">${JSON.stringify(this.detail?.prediction ?? null, null, 1)}</pre>
      </details>
      <details class="more">
        <summary>How this row was explained</summary>
        <pre tabindex="0">${(run ? runFacts(run) : []).map(([k, v]) => `${k}: ${v}`).join('\n')}</pre>
      </details>`;
  }
}

const single = (of: Elements): of is Vector => of.kind === 'vector' && of.attributions.length === 1;

// Height, width, and the channels of a picture.
const isGrid = ({ shape }: Vector): boolean => shape.length === 3 && shape[2] <= 4 && shape[0] > 1 && shape[1] > 1;
