// <wl-heat-map>: features by rows, coloured by attribution; the score of each row as a line on top.
import { html, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { line } from 'd3-shape';
import { similarityOrder } from '../math/clusters.ts';
import { diverging, position, type Look } from '../math/color.ts';
import { exact, short } from '../math/numbers.ts';
import { greatestMagnitude } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { cells, domain, labelRoom, nameAt, scale, textWidth, tick } from './draw.ts';
import type { TableOf } from './table.ts';

const LINE = 24;
const TOP = 64;

@customElement('wl-heat-map')
export class HeatMap extends Chart {
  @property({ attribute: false }) names: string[] = [];
  @property({ attribute: false }) totals: ArrayLike<number>[] = []; // of each row, in the order of names
  @property({ attribute: false }) scores: number[] = [];
  @property({ attribute: false }) rows: number[] = [];
  @property() order = 'score'; // or similarity
  private left = 0;

  private get ordered(): number[] {
    if (this.order === 'similarity') return similarityOrder(this.totals);
    return this.scores.map((_, i) => i).sort((a, b) => this.scores[a] - this.scores[b]);
  }

  protected override controls() {
    return html`<div class="controls control">
      <label
        >Order
        <select @change=${(e: Event) => this.tell('wl-choose', { order: (e.target as HTMLSelectElement).value })}>
          <option value="score" ?selected=${this.order === 'score'}>by F(x)</option>
          <option value="similarity" ?selected=${this.order === 'similarity'}>by similarity</option>
        </select>
      </label>
    </div>`;
  }

  protected override draw(width: number): Drawing | null {
    if (!this.rows.length || !this.names.length) return null;
    const order = this.ordered;
    const left = (this.left = labelRoom(this.names, width) + 12);
    const room = width - left;
    const height = this.names.length * LINE;
    const greatest = Math.max(...this.totals.map(greatestMagnitude));
    const picture = cells(order.length, this.names.length, (c, r) =>
      diverging(position(this.totals[order[c]][r], greatest, this.look.curve), this.look),
    );
    const y = scale(domain(this.scores), [TOP - 12, 16]);
    const step = room / order.length;
    const path = line<number>()
      .x((_, i) => left + (i + 0.5) * step)
      .y((i) => y(this.scores[i]))
      .defined((i) => Number.isFinite(this.scores[i]));
    return {
      height: TOP + height + 40,
      label: `${this.heading}: ${order.length} rows, ${this.names.length} features`,
      body: svg`
        ${y.domain().map((v, i) => tick(left - 12, y(v) + 4, `${i ? 'F(x) ' : ''}${short(v)}`, 'end'))}
        <path class="ink" d=${path(order) ?? ''} stroke-width="1.5" />
        <image href=${picture} x=${left} y=${TOP} width=${room} height=${height} preserveAspectRatio="none"
          style="image-rendering: pixelated" />
        ${this.names.map((n, i) => nameAt(left - 12, TOP + i * LINE + 16, n))}
        ${colorKey(left, TOP + height + 14, Math.min(room, 300), greatest, this.look)}
        <rect x=${left} y=${TOP} width=${room} height=${height} fill="transparent" class="link"
          @pointermove=${(e: PointerEvent) => this.point(e, order, step)} @pointerleave=${() => (this.tip = null)}
          @click=${(e: MouseEvent) => this.choose(e, order, step)} />`,
    };
  }

  private at(event: MouseEvent, order: number[], step: number): number {
    return order[Math.min(order.length - 1, Math.max(0, Math.floor((event.offsetX - this.left) / step)))];
  }

  private point(event: PointerEvent, order: number[], step: number): void {
    const row = this.at(event, order, step);
    const f = Math.min(this.names.length - 1, Math.floor((event.offsetY - TOP) / LINE));
    const text = [`row ${this.rows[row]}, F(x) ${short(this.scores[row])}`, this.names[f], exact(this.totals[row][f])];
    this.tip = { x: event.offsetX, y: event.offsetY, text: text.join('\n') };
  }

  private choose(event: MouseEvent, order: number[], step: number): void {
    this.tell('wl-row', this.rows[this.at(event, order, step)]);
  }

  protected override table(): TableOf {
    return {
      columns: [
        { label: 'row', form: 'row' },
        { label: 'F(x)', form: 'number' },
        ...this.names.map((label) => ({ label, form: 'signed' as const })),
      ],
      rows: this.ordered.map((i) => [this.rows[i], this.scores[i], ...Array.from(this.totals[i])]),
    };
  }
}

// The diverging map with its own curve: places are even in the number, so the curve is seen.
export function colorKey(x: number, y: number, width: number, greatest: number, look: Look) {
  const steps = 64;
  const picture = cells(steps, 1, (c) => diverging(position((2 * (c + 0.5)) / steps - 1, 1, look.curve), look));
  const apart = textWidth(`+${short(greatest / 4)}`, 11) / 2 + 8 < width / 8;
  const ticks = apart ? [-1, -0.25, 0, 0.25, 1] : [-1, 0, 1];
  return svg`<g>
    <image href=${picture} x=${x} y=${y} width=${width} height="9" preserveAspectRatio="none" />
    ${ticks.map((t) => {
      const at = x + ((t + 1) / 2) * width;
      const anchor = t === -1 ? 'start' : t === 1 ? 'end' : 'middle';
      const text = t === 0 ? '0' : `${t > 0 ? '+' : ''}${short(t * greatest)}`;
      return svg`<line class="axis" x1=${at} x2=${at} y1=${y} y2=${y + 12} />
        ${tick(at, y + 24, text, anchor)}`;
    })}
  </g>`;
}
