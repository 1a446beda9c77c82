// Pieces of drawings: text that fits, axes, layers of many points.
import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { svg, type SVGTemplateResult } from 'lit';
import { extent } from '../math/statistics.ts';
import { short } from '../math/numbers.ts';
import { LARGE_GAP } from '../math/waterfall.ts';

let pen: CanvasRenderingContext2D | null = null;

export function textWidth(text: string, size = 12): number {
  pen ??= document.createElement('canvas').getContext('2d')!;
  pen.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

// Cut in the middle, where names of features differ least.
export function fit(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  let keep = Math.floor((text.length * width) / textWidth(text, size));
  for (; keep > 2; keep--) {
    const cut = `${text.slice(0, Math.ceil(keep / 2))}…${text.slice(text.length - Math.floor(keep / 2))}`;
    if (textWidth(cut, size) <= width) return cut;
  }
  return '…';
}

// A name that ends at x; if it is cut, the tip has the whole.
export function nameAt(x: number, y: number, name: string, soft = false): SVGTemplateResult {
  return svg`<text x=${x} y=${y} text-anchor="end" class=${soft ? 'soft' : ''}
    >${fit(name, x)}<title>${name}</title></text>`;
}

// What is not attributed, for fill="url(#hatch)": red where it is too much.
export function gapHatch(share: number): SVGTemplateResult {
  return svg`<defs>
    <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="2.2" height="6" fill=${share > LARGE_GAP ? 'var(--alarm)' : 'var(--soft)'} />
    </pattern>
  </defs>`;
}

export function whisker(from: number, to: number, y: number): SVGTemplateResult {
  return svg`<path class="ink" d="M${from},${y - 4}v8M${from},${y}H${to}M${to},${y - 4}v8" />`;
}

// What stands at an axis.
export function tick(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end' = 'middle') {
  return svg`<text class="soft" x=${x} y=${y} text-anchor=${anchor} font-size="11">${text}</text>`;
}

// Room for labels at the left: as much as the longest needs, at most a share of the whole.
export function labelRoom(labels: string[], width: number, share = 0.36): number {
  return Math.ceil(Math.min(width * share, Math.max(0, ...labels.map((l) => textWidth(l))) + 4));
}

// Around the numbers and, if asked, 0. A single point gets room at both sides.
export function domain(x: ArrayLike<number>, withZero = false): [number, number] {
  let [lo, hi] = extent(x);
  if (Number.isNaN(lo)) return [0, 1];
  if (withZero) [lo, hi] = [Math.min(0, lo), Math.max(0, hi)];
  if (lo === hi) {
    const room = Math.abs(lo) || 1;
    return [lo - room / 2, hi + room / 2];
  }
  return [lo, hi];
}

export type Scale = ScaleLinear<number, number>;
export function scale(from: [number, number], to: [number, number]): Scale {
  return scaleLinear().domain(from).range(to);
}

export function axisX(x: Scale, top: number, bottom: number, title = ''): SVGTemplateResult {
  const [left, right] = x.range();
  const ticks = x.ticks(Math.max(2, Math.floor(Math.abs(right - left) / 90)));
  return svg`
    ${ticks.map(
      (t) => svg`
        <line class=${t === 0 ? 'zero' : 'grid'} x1=${x(t)} x2=${x(t)} y1=${top} y2=${bottom} />
        ${tick(x(t), bottom + 16, short(t))}`,
    )}
    ${title ? tick((left + right) / 2, bottom + 34, title) : ''}`;
}

export function axisY(y: Scale, left: number, right: number, title = ''): SVGTemplateResult {
  const [bottom, top] = y.range();
  const ticks = y.ticks(Math.max(2, Math.floor(Math.abs(bottom - top) / 55)));
  return svg`
    ${ticks.map(
      (t) => svg`
        <line class=${t === 0 ? 'zero' : 'grid'} x1=${left} x2=${right} y1=${y(t)} y2=${y(t)} />
        ${tick(left - 8, y(t) + 4, short(t), 'end')}`,
    )}
    ${title ? svg`<text class="soft" x=${left} y=${top - 10} font-size="12">${title}</text>` : ''}`;
}

// Thousands of marks as one picture inside the drawing: quick to draw, and saved and printed like the rest.
export function layer(
  width: number,
  height: number,
  paint: (context: CanvasRenderingContext2D) => void,
): SVGTemplateResult {
  const density = Math.min(2, Math.max(1, globalThis.devicePixelRatio || 1));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(width * density));
  canvas.height = Math.max(1, Math.round(height * density));
  const context = canvas.getContext('2d')!;
  context.scale(density, density);
  paint(context);
  return svg`<image href=${canvas.toDataURL()} width=${width} height=${height} />`;
}

// Cells of a matrix as one picture, a pixel each.
export function cells(
  columns: number,
  rows: number,
  color: (column: number, row: number) => readonly [number, number, number],
): string {
  const canvas = document.createElement('canvas');
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(columns, rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) pixels.data.set([...color(c, r), 255], 4 * (r * columns + c));
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}
