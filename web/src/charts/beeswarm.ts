// <wl-beeswarm>: of each feature every row's total as a point, coloured by the row's value of the feature.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { exact } from '../math/numbers.ts';
import { extent } from '../math/statistics.ts';
import { swarm } from '../math/swarm.ts';
import { Chart, type Drawing } from './chart.ts';
import { cell, colorOf, legend, toneOf, word, type Column } from './column.ts';
import { axisX, domain, labelRoom, layer, nameAt, scale, type Scale } from './draw.ts';
import type { TableOf } from './table.ts';

const LINE = 40;
const HALF = 17;
const RADIUS = 2.4;
const TOP = 6;

@customElement('wl-beeswarm')
export class Beeswarm extends Chart {
  @property({ attribute: false }) features: Column[] = [];
  @property({ attribute: false }) rows: ArrayLike<number> = []; // numbers of the rows
  private places: { x: Float32Array; y: Float32Array }[] = [];

  protected override draw(width: number): Drawing | null {
    if (!this.features.length) return null;
    const names = this.features.map((f) => f.name);
    const left = labelRoom(names, width) + 14;
    const x = scale(
      domain(
        this.features.flatMap((f) => extent(f.totals)),
        true,
      ),
      [left, width - 56],
    ).nice();
    const bottom = TOP + this.features.length * LINE;
    this.places = this.features.map((f, i) => place(f, x, TOP + (i + 0.5) * LINE));
    const points = layer(width, bottom, (context) =>
      this.features.forEach((f, i) => paint(context, f, this.places[i])),
    );
    return {
      height: bottom + 24,
      label: `${this.heading}: ${names.slice(0, 3).join(', ')}`,
      body: svg`
        ${axisX(x, TOP, bottom)}
        ${names.map((n, i) => {
          const y = TOP + (i + 0.5) * LINE;
          return svg`<line class="grid" x1=${left} x2=${width - 56} y1=${y} y2=${y} />
            ${nameAt(left - 14, y + 4, n)}`;
        })}
        ${points}
        ${legend(width - 30, TOP + 14, Math.min(bottom - TOP - 28, 200))}
        <rect width=${width} height=${bottom} fill="transparent" class="link" @pointermove=${this.point}
          @pointerleave=${() => (this.tip = null)} @click=${this.choose} />`,
    };
  }

  private nearest(event: PointerEvent | MouseEvent): { feature: number; point: number } | null {
    const line = Math.floor((event.offsetY - TOP) / LINE);
    const places = this.places[line];
    if (!places) return null;
    let best = -1;
    let distance = 64;
    for (let i = 0; i < places.x.length; i++) {
      const d = (places.x[i] - event.offsetX) ** 2 + (places.y[i] - event.offsetY) ** 2;
      if (d < distance) [best, distance] = [i, d];
    }
    return best < 0 ? null : { feature: line, point: best };
  }

  private point(event: PointerEvent): void {
    const found = this.nearest(event);
    if (!found) {
      this.tip = null;
      return;
    }
    const f = this.features[found.feature];
    const v = f.values ? word(f, found.point) : '';
    this.tip = {
      x: event.offsetX,
      y: event.offsetY,
      text: `row ${this.rows[found.point]}\n${f.name}${v ? ` = ${v}` : ''}\n${exact(f.totals[found.point])}`,
    };
  }

  private choose(event: MouseEvent): void {
    const found = this.nearest(event);
    if (found) this.tell('wl-row', this.rows[found.point]);
  }

  protected override table(): TableOf {
    return {
      columns: [
        { label: 'row', form: 'row' },
        ...this.features.flatMap((f) => [
          ...(f.values ? [{ label: f.name, form: 'value' as const }] : []),
          { label: `attribution of ${f.name}`, form: 'signed' as const },
        ]),
      ],
      rows: Array.from(this.rows, (row, i) => [
        row,
        ...this.features.flatMap((f) => [...(f.values ? [cell(f, i)] : []), f.totals[i]]),
      ]),
    };
  }
}

function place(f: Column, x: Scale, middle: number) {
  const [lo, hi] = x.domain();
  const offsets = swarm(f.totals, lo, hi);
  let widest = 1;
  for (const o of offsets) widest = Math.max(widest, Math.abs(o));
  const step = Math.min(2 * RADIUS, HALF / widest);
  return {
    x: Float32Array.from(f.totals, (t) => x(t)),
    y: Float32Array.from(offsets, (o) => middle + o * step),
  };
}

function paint(context: CanvasRenderingContext2D, f: Column, at: { x: Float32Array; y: Float32Array }): void {
  const tones = toneOf(f.values);
  const many = f.totals.length > 2000;
  const radius = many ? 1.7 : RADIUS;
  context.globalAlpha = many ? 0.75 : 0.9;
  // Points of one tone are one path: thousands of fills become a few.
  const paths = new Map<number, Path2D>();
  for (let i = 0; i < at.x.length; i++) {
    if (Number.isNaN(at.x[i])) continue;
    const tone = tones(i);
    let path = paths.get(tone);
    if (!path) paths.set(tone, (path = new Path2D()));
    if (many) path.rect(at.x[i] - radius, at.y[i] - radius, 2 * radius, 2 * radius);
    else {
      path.moveTo(at.x[i] + radius, at.y[i]);
      path.arc(at.x[i], at.y[i], radius, 0, 7);
    }
  }
  for (const [tone, path] of paths) {
    context.fillStyle = colorOf(tone);
    context.fill(path);
  }
}
