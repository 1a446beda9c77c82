// <wl-decisions>: a line for each row, from F(b) at the bottom through the sum after each feature to F(x) at the top.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { line } from 'd3-shape';
import { css as rgb, viridis } from '../math/color.ts';
import { short } from '../math/numbers.ts';
import { others } from '../math/waterfall.ts';
import { Chart, type Drawing } from './chart.ts';
import { axisX, domain, labelRoom, nameAt, scale } from './draw.ts';
import type { TableOf } from './table.ts';

const LINE = 26;
const TOP = 10;

@customElement('wl-decisions')
export class Decisions extends Chart {
  @property({ attribute: false }) names: string[] = []; // the strongest first
  @property({ attribute: false }) totals: ArrayLike<number>[] = [];
  @property({ attribute: false }) rest: number[] = []; // of each row: what features without a name here add
  @property({ type: Number }) others = 0;
  @property({ attribute: false }) baselines: number[] = [];
  @property({ attribute: false }) scores: number[] = [];
  @property({ attribute: false }) rows: number[] = [];

  // Sums after nothing, the others, then each feature from the weakest to the strongest.
  private path(i: number): number[] {
    const sums = [this.baselines[i] || 0];
    const add = (a: number) => sums.push(sums[sums.length - 1] + (a || 0));
    if (this.others > 0) add(this.rest[i]);
    for (let f = this.names.length - 1; f >= 0; f--) add(this.totals[i][f]);
    return sums;
  }

  private get stops(): string[] {
    return ['F(b)', ...(this.others > 0 ? [others(this.others)] : []), ...[...this.names].reverse()];
  }

  protected override draw(width: number): Drawing | null {
    if (!this.rows.length) return null;
    const stops = this.stops;
    const left = labelRoom(stops, width) + 14;
    const bottom = TOP + (stops.length - 1) * LINE;
    const paths = this.rows.map((_, i) => this.path(i));
    const x = scale(domain(paths.flat()), [left + 8, width - 8]).nice();
    const [lo, hi] = domain(this.scores);
    const y = (k: number) => bottom - k * LINE;
    const draw = line<number>()
      .x((v) => x(v))
      .y((_, k) => y(k));
    const color = (i: number) => rgb(viridis((0.9 * (this.scores[i] - lo)) / (hi - lo)));
    const opacity = Math.max(0.25, Math.min(0.9, 30 / this.rows.length));
    return {
      height: bottom + 32,
      label: `${this.heading}: ${this.rows.length} rows`,
      body: svg`
        ${axisX(x, TOP, bottom + 6)}
        ${stops.map(
          (s, k) => svg`
            <line class="grid" x1=${left} x2=${width} y1=${y(k)} y2=${y(k)} />
            ${nameAt(left - 12, y(k) + 4, s, k === 0 || s === others(this.others))}`,
        )}
        ${paths.map(
          (p, i) => svg`<path d=${draw(p) ?? ''} fill="none" class="link" stroke=${color(i)} stroke-width="1.4"
            stroke-opacity=${opacity} @click=${() => this.tell('wl-row', this.rows[i])}>
            <title>row ${this.rows[i]}: F(x) ${short(this.scores[i])}</title></path>`,
        )}`,
    };
  }

  protected override table(): TableOf {
    return {
      columns: [
        { label: 'row', form: 'row' },
        ...this.stops.map((label, k) => ({ label: k ? `after ${label}` : label, form: 'number' as const })),
      ],
      rows: this.rows.map((row, i) => [row, ...this.path(i)]),
    };
  }
}
