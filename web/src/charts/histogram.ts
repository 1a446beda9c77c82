// <wl-histogram>: how many rows are in each bin.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { count } from '../math/numbers.ts';
import { Chart, type Drawing } from './chart.ts';
import { scale, tick } from './draw.ts';
import type { TableOf } from './table.ts';

export interface Bin {
  label: string;
  count: number;
  large?: boolean; // too much: red
}

const TOP = 22;
const BOTTOM = 150;

export function drawBins(bins: Bin[], width: number): Omit<Drawing, 'label'> {
  const slot = width / bins.length;
  const y = scale([0, Math.max(1, ...bins.map((b) => b.count))], [BOTTOM, TOP]);
  return {
    height: BOTTOM + 24,
    body: svg`
      <line class="axis" x1="0" x2=${width} y1=${BOTTOM} y2=${BOTTOM} />
      ${bins.map((b, i) => {
        const x = i * slot;
        const tone = b.count ? (b.large ? 'alarm' : '') : 'soft';
        return svg`<g>
          <title>${b.label}: ${b.count}</title>
          <rect x=${x + slot * 0.1} y=${y(b.count)} width=${slot * 0.8} height=${BOTTOM - y(b.count)} rx="2"
            fill=${b.large ? 'var(--alarm)' : 'var(--soft)'} fill-opacity=${b.large ? 1 : 0.6} />
          <text x=${x + slot / 2} y=${y(b.count) - 6} text-anchor="middle" class=${tone}>${count(b.count)}</text>
          ${tick(x + slot / 2, BOTTOM + 17, slot < 60 ? b.label.replace(' %', '') : b.label)}
        </g>`;
      })}`,
  };
}

@customElement('wl-histogram')
export class Histogram extends Chart {
  @property({ attribute: false }) bins: Bin[] = [];
  @property() unit = '';

  protected override draw(width: number): Drawing {
    const counts = this.bins.map((b) => `${b.label}: ${b.count}`);
    return { ...drawBins(this.bins, width), label: `${this.heading}: ${counts.join(', ')}` };
  }

  protected override table(): TableOf {
    const all = this.bins.reduce((s, b) => s + b.count, 0) || 1;
    return {
      columns: [{ label: this.unit }, { label: 'rows', form: 'count' }, { label: 'share', form: 'percent' }],
      rows: this.bins.map((b) => [b.label, b.count, b.count / all]),
    };
  }
}
