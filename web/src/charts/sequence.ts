// <wl-sequence>: numbers over steps: the value as a line, the attribution as an area below it on its own symmetric
// axis; channels stand above each other, the strongest first.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { area, line } from 'd3-shape';
import { ofSign } from '../math/color.ts';
import { short, signed } from '../math/numbers.ts';
import { greatestMagnitude } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { axisX, domain, scale, tick, type Scale } from './draw.ts';
import type { TableOf } from './table.ts';

const DRAWN = 6;
const LEFT = 64;
const VALUE = 56;
const AREA = 52;

@customElement('wl-sequence')
export class Sequence extends Chart {
  @property({ attribute: false }) values: number[] | null = null;
  @property({ attribute: false }) attributions: number[] = [];
  @property({ attribute: false }) shape: number[] = [0]; // steps, or steps x channels
  @property({ attribute: false }) names: string[] | null = null; // of channels

  private get steps(): number {
    return this.shape[0] || 0;
  }

  private get channels(): number {
    return Math.max(1, Math.round(this.attributions.length / Math.max(1, this.steps)));
  }

  private of(x: number[], channel: number): number[] {
    return Array.from({ length: this.steps }, (_, s) => x[s * this.channels + channel]);
  }

  // Room of the line of values above an area.
  private get room(): number {
    return this.values ? VALUE : 0;
  }

  private channelName(channel: number): string {
    return this.names?.[channel] ?? `channel ${channel}`;
  }

  protected override draw(width: number): Drawing | null {
    if (!this.steps) return null;
    const sizes = Array.from({ length: this.channels }, (_, c) =>
      this.of(this.attributions, c).reduce((s, a) => s + Math.abs(a || 0), 0),
    );
    const order = sizes
      .map((_, c) => c)
      .sort((a, b) => sizes[b] - sizes[a])
      .slice(0, DRAWN);
    const greatest = greatestMagnitude(this.attributions) || 1;
    const x = scale([0, Math.max(1, this.steps - 1)], [LEFT, width - 10]);
    const block = this.room + AREA + 44;
    const bottom = order.length * block;
    const some =
      order.length < this.channels ? `; ${order.length} of ${this.channels} channels, the table has all` : '';
    return {
      height: bottom + 34,
      label: `${this.heading}: ${this.steps} steps, ${this.channels} channels`,
      body: svg`
        ${axisX(x, 0, bottom - 8, `step${some}`)}
        ${order.map((c, i) => this.channel(c, x, i * block, greatest, sizes[c]))}`,
    };
  }

  private channel(c: number, x: Scale, top: number, greatest: number, size: number) {
    const a = this.of(this.attributions, c);
    const v = this.values ? this.of(this.values, c) : null;
    const middle = top + 26 + this.room + AREA / 2;
    const y = scale([-greatest, greatest], [middle + AREA / 2, middle - AREA / 2]);
    const part = (sign: number) =>
      area<number>()
        .x((_, i) => x(i))
        .y0(y(0))
        .y1((d) => y(sign > 0 ? Math.max(0, d || 0) : Math.min(0, d || 0)))(a) ?? '';
    const right = x.range()[1];
    return svg`
      ${this.channels > 1 ? this.head(c, top + 14, size) : ''}
      ${v ? this.value(v, x, top + 24) : ''}
      <line class="zero" x1=${LEFT} x2=${right} y1=${y(0)} y2=${y(0)} />
      <path d=${part(1)} fill=${ofSign(1, this.look)} />
      <path d=${part(-1)} fill=${ofSign(-1, this.look)} />
      ${[greatest, -greatest].map((g) => tick(LEFT - 8, y(g) + (g > 0 ? 8 : 2), signed(g), 'end'))}`;
  }

  private head(c: number, y: number, size: number) {
    return svg`<text x=${LEFT} y=${y} class="strong"
      >${this.channelName(c)}<tspan class="soft" font-weight="400"> sum of sizes ${short(size)}</tspan></text>`;
  }

  private value(v: number[], x: Scale, top: number) {
    const y = scale(domain(v), [top + VALUE - 8, top]);
    const path = line<number>()
      .defined((d) => Number.isFinite(d))
      .x((_, i) => x(i))
      .y((d) => y(d));
    const [lo, hi] = y.domain();
    return svg`<path class="ink" stroke-width="1.5" d=${path(v) ?? ''} />
      ${[hi, lo].map((g) => tick(LEFT - 8, y(g) + 4, short(g), 'end'))}`;
  }

  protected override table(): TableOf {
    const several = this.channels > 1;
    return {
      columns: [
        { label: 'step', form: 'count' },
        ...(several ? [{ label: 'channel' }] : []),
        ...(this.values ? [{ label: 'value', form: 'number' as const }] : []),
        { label: 'attribution', form: 'signed' },
      ],
      rows: this.attributions.map((a, i) => [
        Math.floor(i / this.channels),
        ...(several ? [this.channelName(i % this.channels)] : []),
        ...(this.values ? [this.values[i]] : []),
        a,
      ]),
    };
  }
}
