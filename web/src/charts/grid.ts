// <wl-grid>: attributions over the places of a picture that is not at hand, summed over channels.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { diverging, position } from '../math/color.ts';
import { short } from '../math/numbers.ts';
import { greatestMagnitude } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { cells } from './draw.ts';
import { colorKey } from './heat_map.ts';
import type { TableOf } from './table.ts';

const MOST = 420; // the greatest side on the page

@customElement('wl-grid')
export class Grid extends Chart {
  @property({ attribute: false }) attributions: number[] = [];
  @property({ attribute: false }) shape: number[] = [0, 0, 1]; // height, width, channels

  private get sums(): Float64Array {
    const [height, width, channels = 1] = this.shape;
    const out = new Float64Array(height * width);
    this.attributions.forEach((a, i) => (out[Math.floor(i / channels)] += a));
    return out;
  }

  protected override draw(room: number): Drawing | null {
    const [rows, columns] = this.shape;
    if (!rows || !columns) return null;
    const { sums } = this;
    const greatest = greatestMagnitude(sums);
    const zoom = Math.min(room / columns, MOST / Math.max(rows, columns));
    const [width, height] = [columns * zoom, rows * zoom];
    const picture = cells(columns, rows, (c, r) =>
      diverging(position(sums[r * columns + c], greatest, this.look.curve), this.look),
    );
    return {
      height: Math.ceil(height) + 48,
      label: `${this.heading}: ${rows} by ${columns} places, greatest size ${short(greatest)}`,
      body: svg`
        <image href=${picture} width=${width} height=${height} preserveAspectRatio="none"
          style="image-rendering:pixelated" />
        <rect class="axis" width=${width} height=${height} fill="none" />
        ${colorKey(0, height + 14, Math.min(room, Math.max(width, 260)), greatest, this.look)}`,
    };
  }

  protected override table(): TableOf {
    const columns = this.shape[1];
    return {
      columns: [
        { label: 'row of pixels', form: 'count' },
        { label: 'column', form: 'count' },
        { label: 'attribution', form: 'signed' },
      ],
      rows: Array.from(this.sums, (a, i) => [Math.floor(i / columns), i % columns, a]),
    };
  }
}
