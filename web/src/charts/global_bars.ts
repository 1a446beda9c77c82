// <wl-global-bars>: of each feature over many rows the mean |total| (bar), its standard error (whisker) and the signed
// mean (dot). Features that push both ways have a long bar and a dot near 0.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { exact, short } from '../math/numbers.ts';
import type { Summary } from '../math/statistics.ts';
import { others } from '../math/waterfall.ts';
import { Chart, type Drawing } from './chart.ts';
import { axisX, domain, labelRoom, nameAt, scale, whisker } from './draw.ts';
import type { TableOf } from './table.ts';

export interface FeatureSummary extends Summary {
  name: string;
}

const LINE = 26;

@customElement('wl-global-bars')
export class GlobalBars extends Chart {
  // By meanAbs descending.
  @property({ attribute: false }) features: FeatureSummary[] = [];
  @property({ type: Number }) limit = 10;

  protected override draw(width: number): Drawing | null {
    if (!this.features.length) return null;
    const shown: (Pick<FeatureSummary, 'name' | 'meanAbs' | 'mean' | 'standardError'> & { rest?: boolean })[] =
      this.features.slice(0, this.limit);
    const rest = this.features.slice(this.limit);
    if (rest.length) {
      shown.push({
        name: others(rest.length),
        meanAbs: rest.reduce((s, f) => s + f.meanAbs, 0),
        mean: rest.reduce((s, f) => s + f.mean, 0),
        standardError: NaN,
        rest: true,
      });
    }
    const left =
      labelRoom(
        shown.map((f) => f.name),
        width,
      ) + 12;
    const height = shown.length * LINE + 8;
    const x = scale(
      domain(
        shown.flatMap((f) => [f.meanAbs + (f.standardError || 0), f.mean]),
        true,
      ),
      [left, width - 64],
    ).nice();
    return {
      height: height + 22,
      label: `${this.heading}: ${shown
        .slice(0, 3)
        .map((f) => `${f.name} ${short(f.meanAbs)}`)
        .join(', ')}`,
      body: svg`
        ${axisX(x, 0, height)}
        <line class="zero" x1=${x(0)} x2=${x(0)} y1="0" y2=${height} />
        ${shown.map((f, i) => {
          const y = i * LINE + 5;
          const middle = y + 9;
          const error = f.standardError || 0;
          return svg`<g>
            <title>${f.name}: mean size ${exact(f.meanAbs)} ± ${exact(f.standardError)}, mean ${exact(f.mean)}</title>
            ${nameAt(left - 12, middle + 4, f.name, f.rest)}
            <rect x=${x(0)} y=${y} width=${Math.max(0.5, x(f.meanAbs) - x(0))} height="18" rx="2" class="bar"
              fill="var(--soft)" fill-opacity=${f.rest ? 0.28 : 0.5} />
            ${error ? whisker(x(f.meanAbs - error), x(f.meanAbs + error), middle) : ''}
            <circle cx=${x(f.mean)} cy=${middle} r="4.5" class="dot" />
            <text x=${Math.max(x(f.meanAbs + error), x(f.mean)) + 9} y=${middle + 4}>${short(f.meanAbs)}</text>
          </g>`;
        })}`,
    };
  }

  protected override table(): TableOf {
    return {
      columns: [
        { label: 'feature' },
        { label: 'mean |total|', form: 'number' },
        { label: 'standard error', form: 'number' },
        { label: 'mean total', form: 'signed' },
        { label: 'rows', form: 'count' },
      ],
      rows: this.features.map((f) => [f.name, f.meanAbs, f.standardError, f.mean, f.count]),
    };
  }
}

export const globalNote =
  'Bar: mean size of the attribution, whisker: its standard error. Dot: mean with its sign; far from the bar’s end ' +
  'it says that rows pull both ways.';
