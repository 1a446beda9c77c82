// <wl-errors>: how many explanations miss how much of F(x) - F(b); red where it is too much to trust.
import { customElement, property } from 'lit/decorators.js';
import { errorBins } from '../math/errors.ts';
import { Chart, type Drawing } from './chart.ts';
import { drawBins } from './histogram.ts';
import type { TableOf } from './table.ts';

@customElement('wl-errors')
export class Errors extends Chart {
  @property({ attribute: false }) errors: ArrayLike<number> = [];

  protected override draw(width: number): Drawing {
    const { bins, large } = errorBins(this.errors);
    return { ...drawBins(bins, width), label: `${this.heading}: ${large} of ${this.errors.length} above 5 %` };
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
