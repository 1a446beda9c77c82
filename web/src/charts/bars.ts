// <wl-bars>: signed numbers from a common zero, the largest first; of many the top and the sum of the others.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { ofSign } from '../math/color.ts';
import { exact, signed } from '../math/numbers.ts';
import { byMagnitude } from '../math/statistics.ts';
import { others } from '../math/waterfall.ts';
import { Chart, type Drawing } from './chart.ts';
import { domain, labelRoom, nameAt, scale, textWidth, whisker } from './draw.ts';
import type { TableOf } from './table.ts';

export interface Bar {
  label: string;
  detail?: string; // the feature's value
  value: number;
  error?: number; // standard error
}

const LINE = 24;

@customElement('wl-bars')
export class Bars extends Chart {
  @property({ attribute: false }) bars: Bar[] = [];
  @property({ type: Number }) limit = 10;
  @property() unit = 'attribution';

  protected override draw(width: number): Drawing {
    const order = byMagnitude(this.bars.map((b) => b.value));
    const shown = order.slice(0, this.limit).map((i) => this.bars[i]);
    const rest = order.slice(this.limit);
    if (rest.length) {
      const value = rest.reduce((s, i) => s + this.bars[i].value, 0);
      shown.push({ label: others(rest.length), value });
    }
    const labels = shown.map((b) => (b.detail ? `${b.label} = ${b.detail}` : b.label));
    const left = labelRoom(labels, width) + 10;
    const numberRoom = Math.max(...shown.map((b) => textWidth(signed(b.value)))) + 10;
    const [lo, hi] = domain(
      shown.map((b) => b.value),
      true,
    );
    const x = scale([lo, hi], [left + (lo < 0 ? numberRoom : 4), width - (hi > 0 ? numberRoom : 4)]);
    const height = shown.length * LINE + 6;
    return {
      height,
      label: `${this.heading}: ${shown
        .slice(0, 3)
        .map((b) => `${b.label} ${signed(b.value)}`)
        .join(', ')}`,
      body: svg`
        <line class="zero" x1=${x(0)} x2=${x(0)} y1="0" y2=${height} />
        ${shown.map((b, i) => {
          const y = i * LINE + 4;
          const end = x(b.value);
          const error = b.error ?? 0;
          return svg`<g>
            <title>${labels[i]}: ${exact(b.value)}${b.error === undefined ? '' : ` ± ${exact(b.error)}`}</title>
            ${nameAt(left - 10, y + 12, labels[i])}
            <rect x=${Math.min(x(0), end)} y=${y} width=${Math.max(0.5, Math.abs(end - x(0)))} height="16" rx="2"
              fill=${i < this.limit ? ofSign(b.value, this.look) : 'var(--soft)'} />
            ${error ? whisker(x(b.value - error), x(b.value + error), y + 8) : ''}
            <text x=${b.value < 0 ? Math.min(end, x(b.value - error)) - 6 : Math.max(end, x(b.value + error)) + 6}
              y=${y + 12} text-anchor=${b.value < 0 ? 'end' : 'start'}>${signed(b.value)}</text>
          </g>`;
        })}`,
    };
  }

  protected override table(): TableOf {
    const detail = this.bars.some((b) => b.detail !== undefined);
    const error = this.bars.some((b) => b.error !== undefined);
    const sum = this.bars.reduce((s, b) => s + Math.abs(b.value || 0), 0);
    return {
      columns: [
        { label: 'name' },
        ...(detail ? [{ label: 'value' }] : []),
        { label: this.unit, form: 'signed' },
        ...(error ? [{ label: 'standard error', form: 'number' as const }] : []),
        { label: 'share of sizes', form: 'percent' },
      ],
      rows: byMagnitude(this.bars.map((b) => b.value)).map((i) => {
        const b = this.bars[i];
        return [
          b.label,
          ...(detail ? [b.detail ?? null] : []),
          b.value,
          ...(error ? [b.error ?? null] : []),
          sum > 0 ? Math.abs(b.value) / sum : 0,
        ];
      }),
    };
  }
}
