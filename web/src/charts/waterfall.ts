// <wl-waterfall>: from F(b) at the bottom to F(x) at the top, a bar for each feature; the gap comes first, hatched.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { ofSign } from '../math/color.ts';
import { exact, short, signed } from '../math/numbers.ts';
import { waterfall, type Part, type Step } from '../math/waterfall.ts';
import { Chart, type Drawing } from './chart.ts';
import { axisX, domain, gapHatch, labelRoom, nameAt, scale } from './draw.ts';
import type { TableOf } from './table.ts';

export interface WaterfallPart extends Part {
  detail?: string; // the feature's value
}

const LINE = 28;
const BAR = 18;

@customElement('wl-waterfall')
export class WaterfallChart extends Chart {
  @property({ type: Number }) baseline = NaN;
  @property({ type: Number }) score = NaN;
  @property({ attribute: false }) parts: WaterfallPart[] = [];
  @property({ type: Number }) limit = 12;

  protected override draw(width: number): Drawing | null {
    if (Number.isNaN(this.baseline) || Number.isNaN(this.score)) return null;
    const { steps, gapShare } = waterfall(this.baseline, this.score, this.parts, this.limit);
    const lines = [...steps].reverse();
    const labels = lines.map((s) => this.label(s));
    const left = labelRoom(labels, width) + 12;
    const ends = [this.baseline, this.score, ...steps.flatMap((s) => [s.from, s.to])];
    const x = scale(domain(ends), [left + 58, width - 62]);
    const top = 30;
    const bottom = top + lines.length * LINE + 6;
    const inside = (at: number) => Math.min(Math.max(at, left + 40), width - 50);
    const mark = (at: number, y: number, text: string) => svg`
      <text x=${inside(x(at))} y=${y} text-anchor="middle" class="strong">${text}</text>`;
    return {
      height: bottom + 40,
      label: `${this.heading}: from ${short(this.baseline)} to ${short(this.score)}`,
      body: svg`
        ${gapHatch(gapShare)}
        ${axisX(x, top, bottom)}
        <line class="guide" x1=${x(this.score)} x2=${x(this.score)} y1=${top - 6} y2=${bottom} />
        <line class="guide" x1=${x(this.baseline)} x2=${x(this.baseline)} y1=${top} y2=${bottom + 20} />
        ${mark(this.score, top - 14, `F(x) = ${short(this.score)}`)}
        ${mark(this.baseline, bottom + 36, `F(b) = ${short(this.baseline)}`)}
        ${lines.map((s, i) => this.bar(s, labels[i], x, left, top + i * LINE + 4, i > 0))}`,
    };
  }

  private bar(s: Step, label: string, x: (v: number) => number, left: number, y: number, joined: boolean) {
    const [a, b] = [x(s.from), x(s.to)];
    const [start, end] = [Math.min(a, b), Math.max(a, b)];
    const fill = s.kind === 'gap' ? 'url(#hatch)' : s.kind === 'others' ? 'var(--soft)' : ofSign(s.total, this.look);
    return svg`<g>
      <title>${label}: ${exact(s.total)}, from ${exact(s.from)} to ${exact(s.to)}</title>
      ${nameAt(left - 12, y + 13, label, s.kind !== 'feature')}
      ${joined ? svg`<line class="axis" x1=${b} x2=${b} y1=${y - LINE + BAR} y2=${y} />` : ''}
      <rect x=${start} y=${y} width=${Math.max(0.75, end - start)} height=${BAR} rx="2" fill=${fill}
        stroke=${s.kind === 'gap' ? 'var(--soft)' : 'none'} />
      <text class="over" x=${s.total < 0 ? start - 6 : end + 6} y=${y + 13}
        text-anchor=${s.total < 0 ? 'end' : 'start'}>${signed(s.total)}</text>
    </g>`;
  }

  private label(s: Step): string {
    const detail = s.part >= 0 ? this.parts[s.part].detail : undefined;
    return detail === undefined ? s.name : `${s.name} = ${detail}`;
  }

  // In the order of the sum, from F(b) to F(x); every feature by itself.
  protected override table(): TableOf {
    const { steps } = waterfall(this.baseline, this.score, this.parts);
    return {
      columns: [
        { label: 'step' },
        { label: 'value' },
        { label: 'attribution', form: 'signed' },
        { label: 'from', form: 'number' },
        { label: 'to', form: 'number' },
      ],
      rows: steps.map((s) => [
        s.name,
        (s.part >= 0 ? this.parts[s.part].detail : undefined) ?? null,
        s.total,
        s.from,
        s.to,
      ]),
    };
  }
}
