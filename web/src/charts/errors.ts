// <wl-errors>: how many explanations miss how much of F(x) - F(b); red where it is too much to trust.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { count } from '../math/numbers.ts';
import { errorBins } from '../math/errors.ts';
import { Chart, type Drawing } from './chart.ts';
import { scale, tick } from './draw.ts';
import type { TableOf } from './table.ts';

@customElement('wl-errors')
export class Errors extends Chart {
  @property({ attribute: false }) errors: ArrayLike<number> = [];

  protected override draw(width: number): Drawing {
    const { bins, large } = errorBins(this.errors);
    const top = 22;
    const bottom = 150;
    const slot = width / bins.length;
    const y = scale([0, Math.max(1, ...bins.map((b) => b.count))], [bottom, top]);
    return {
      height: bottom + 24,
      label: `${this.heading}: ${large} of ${this.errors.length} above 5 %`,
      body: svg`
        <line class="axis" x1="0" x2=${width} y1=${bottom} y2=${bottom} />
        ${bins.map((b, i) => {
          const x = i * slot;
          const tone = b.count ? (b.large ? 'alarm' : '') : 'soft';
          return svg`<g>
            <title>${b.label}: ${b.count}</title>
            <rect x=${x + slot * 0.1} y=${y(b.count)} width=${slot * 0.8} height=${bottom - y(b.count)} rx="2"
              fill=${b.large ? 'var(--alarm)' : 'var(--soft)'} fill-opacity=${b.large ? 1 : 0.6} />
            <text x=${x + slot / 2} y=${y(b.count) - 6} text-anchor="middle" class=${tone}>${count(b.count)}</text>
            ${tick(x + slot / 2, bottom + 17, slot < 60 ? b.label.replace(' %', '') : b.label)}
          </g>`;
        })}`,
    };
  }

  protected override table(): TableOf {
    const { bins, unknown } = errorBins(this.errors);
    const n = this.errors.length || 1;
    return {
      columns: [{ label: 'error' }, { label: 'explanations', form: 'count' }, { label: 'share', form: 'percent' }],
      rows: [
        ...bins.map((b) => [b.large ? `${b.label} (too much)` : b.label, b.count, b.count / n]),
        ...(unknown ? [['not said', unknown, unknown / n]] : []),
      ],
    };
  }
}
