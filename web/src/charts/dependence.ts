// <wl-dependence>: a feature's value against its attribution, a point for each row, coloured by a second feature.
import { svg, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { exact, short } from '../math/numbers.ts';
import { quantile, sorted } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { cell, colorOf, legend, toneOf, word, type Column } from './column.ts';
import { axisX, axisY, domain, fit, layer, scale, tick } from './draw.ts';
import type { TableOf } from './table.ts';

const TOP = 26;
const HEIGHT = 330;
const LEFT = 58;

@customElement('wl-dependence')
export class Dependence extends Chart {
  @property({ attribute: false }) feature: Column | null = null; // has values
  @property({ attribute: false }) second: Column | null = null;
  @property({ attribute: false }) rows: ArrayLike<number> = [];
  // What may be chosen: [key, name].
  @property({ attribute: false }) choices: { features: [string, string][]; seconds: [string, string][] } = {
    features: [],
    seconds: [],
  };
  @property({ attribute: false }) chosen: { feature: string; second: string } = { feature: '', second: '' };
  private at: { x: Float32Array; y: Float32Array } = { x: new Float32Array(), y: new Float32Array() };

  protected override controls() {
    const select = (label: string, key: 'feature' | 'second', choices: [string, string][]) =>
      html`<label
        >${label}
        <select @change=${(e: Event) => this.tell('wl-choose', { [key]: (e.target as HTMLSelectElement).value })}>
          ${choices.map(([k, name]) => html`<option value=${k} ?selected=${k === this.chosen[key]}>${name}</option>`)}
        </select>
      </label>`;
    return html`<div class="controls control">
      ${select('Feature', 'feature', this.choices.features)} ${select('Colour', 'second', this.choices.seconds)}
    </div>`;
  }

  protected override draw(width: number): Drawing | null {
    const f = this.feature;
    if (!f?.values) return null;
    const right = width - (this.second ? 76 : 12);
    const bottom = TOP + HEIGHT;
    const y = scale(domain(f.totals, true), [bottom, TOP]).nice();
    const x = f.dictionary
      ? scale([-0.6, f.dictionary.length - 0.4], [LEFT, right])
      : scale(domain(f.values), [LEFT, right]).nice();
    const spread = f.dictionary ? 0.5 : 0;
    this.at = {
      x: Float32Array.from(f.values, (v, i) => x(v + spread * jitter(i))),
      y: Float32Array.from(f.totals, (t) => y(t)),
    };
    const many = f.totals.length > 2000;
    const points = layer(width, bottom + 8, (context) => this.paint(context, many ? 1.8 : 3, many ? 0.7 : 0.85));
    return {
      height: bottom + 44,
      label: `${this.heading}: ${f.name}`,
      body: svg`
        ${axisY(y, LEFT, right, `attribution of ${fit(f.name, width - 140)}`)}
        ${f.dictionary ? this.categories(f.dictionary, x, bottom) : axisX(x, TOP, bottom)}
        ${tick((LEFT + right) / 2, bottom + 36, fit(f.name, right - LEFT))}
        ${points}
        ${this.second ? this.key(width, bottom) : ''}
        <rect width=${width} height=${bottom + 8} fill="transparent" class="link" @pointermove=${this.point}
          @pointerleave=${() => (this.tip = null)} @click=${this.choose} />`,
    };
  }

  private categories(names: string[], x: (v: number) => number, bottom: number) {
    const room = x(1) - x(0);
    if (room <= 14) return '';
    return names.map((n, i) => svg`<g><title>${n}</title>${tick(x(i), bottom + 16, fit(n, room - 6, 11))}</g>`);
  }

  private key(width: number, bottom: number) {
    const s = this.second!;
    const ascending = sorted(s.values ?? []);
    const end = (p: number) => {
      const v = quantile(ascending, p);
      return s.dictionary ? fit(s.dictionary[Math.round(v)] ?? '–', 60, 11) : short(v);
    };
    return svg`
      <text class="soft" x=${width} y=${TOP - 10} text-anchor="end" font-size="11">${fit(s.name, 150, 11)}</text>
      ${legend(width - 42, TOP + 22, Math.min(180, bottom - TOP - 50), end(0.05), end(0.95))}`;
  }

  private paint(context: CanvasRenderingContext2D, radius: number, alpha: number): void {
    const tones = this.second ? toneOf(this.second.values) : () => 9;
    context.globalAlpha = alpha;
    for (let i = 0; i < this.at.x.length; i++) {
      if (Number.isNaN(this.at.x[i]) || Number.isNaN(this.at.y[i])) continue;
      const tone = tones(i);
      context.fillStyle = colorOf(tone);
      context.beginPath();
      context.arc(this.at.x[i], this.at.y[i], radius, 0, 7);
      context.fill();
    }
  }

  private nearest(event: MouseEvent): number {
    let best = -1;
    let distance = 100;
    for (let i = 0; i < this.at.x.length; i++) {
      const d = (this.at.x[i] - event.offsetX) ** 2 + (this.at.y[i] - event.offsetY) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best;
  }

  private point(event: PointerEvent): void {
    const i = this.nearest(event);
    if (i < 0) {
      this.tip = null;
      return;
    }
    const lines = [`row ${this.rows[i]}`, ...[this.feature!, this.second].map((f) => f && `${f.name} = ${word(f, i)}`)];
    const text = [...lines, exact(this.feature!.totals[i])].filter(Boolean).join('\n');
    this.tip = { x: event.offsetX, y: event.offsetY, text };
  }

  private choose(event: MouseEvent): void {
    const i = this.nearest(event);
    if (i >= 0) this.tell('wl-row', this.rows[i]);
  }

  protected override table(): TableOf {
    const f = this.feature;
    if (!f) return { columns: [], rows: [] };
    const s = this.second;
    return {
      columns: [
        { label: 'row', form: 'row' },
        { label: f.name, form: 'value' },
        { label: `attribution of ${f.name}`, form: 'signed' },
        ...(s ? [{ label: s.name, form: 'value' as const }] : []),
      ],
      rows: Array.from(this.rows, (row, i) => [row, cell(f, i), f.totals[i], ...(s ? [cell(s, i)] : [])]),
    };
  }
}

// The same for the same row, evenly spread over [-0.5, 0.5): the golden ratio's multiples.
const jitter = (i: number): number => ((i * 0.6180339887498949) % 1) - 0.5;
