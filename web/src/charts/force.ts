// <wl-force>: the waterfall on one line: bars that push up end at F(x), bars that push down begin there.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { css as rgb, inkOn, ofSign, toneOfSign } from '../math/color.ts';
import { forceLine } from '../math/force.ts';
import { exact, short } from '../math/numbers.ts';
import { shareOf, type Step } from '../math/waterfall.ts';
import { Chart, type Drawing } from './chart.ts';
import { domain, fit, gapHatch, scale, type Scale } from './draw.ts';
import type { TableOf } from './table.ts';
import type { WaterfallPart } from './waterfall.ts';

const TOP = 24;
const BAR = 28;
const BOTTOM = TOP + BAR;
const NAMED = 30; // the narrowest bar with a name

@customElement('wl-force')
export class Force extends Chart {
  @property({ type: Number }) baseline = NaN;
  @property({ type: Number }) score = NaN;
  @property({ attribute: false }) parts: WaterfallPart[] = [];
  @property({ type: Number }) limit = 20;

  protected override draw(width: number): Drawing | null {
    const line = forceLine(this.baseline, this.score, this.parts, this.limit);
    const x = scale(domain([this.baseline, this.score, ...line.flatMap((s) => [s.from, s.to])]), [1, width - 1]);
    const mark = (at: number, y: number, text: string) => svg`
      <text x=${Math.min(Math.max(x(at), 52), width - 52)} y=${y} text-anchor="middle" class="strong">${text}</text>`;
    const gap = line.find((s) => s.kind === 'gap')?.total ?? 0;
    return {
      height: BOTTOM + 26,
      label: `${this.heading}: ${this.ofSign(line, 1)} push up, ${this.ofSign(line, -1)} push down`,
      body: svg`
        ${gapHatch(shareOf(gap, this.score - this.baseline))}
        ${line.map((s) => this.bar(s, x))}
        <line class="ink" x1=${x(this.score)} x2=${x(this.score)} y1=${TOP - 6} y2=${BOTTOM} stroke-width="2" />
        <line class="guide" x1=${x(this.baseline)} x2=${x(this.baseline)} y1=${TOP} y2=${BOTTOM + 8} />
        ${mark(this.score, TOP - 10, `F(x) = ${short(this.score)}`)}
        ${mark(this.baseline, BOTTOM + 22, `F(b) = ${short(this.baseline)}`)}`,
    };
  }

  private ofSign(line: Step[], sign: number): number {
    return line.filter((s) => Math.sign(s.total) === sign).length;
  }

  private bar(s: Step, x: Scale) {
    const [left, width] = [x(s.from), x(s.to) - x(s.from)];
    const detail = this.detail(s);
    const fill = { gap: 'url(#hatch)', others: 'var(--line)', feature: ofSign(s.total, this.look) }[s.kind];
    const ink = s.kind === 'feature' ? rgb(inkOn(toneOfSign(s.total, this.look))) : 'var(--ink)';
    return svg`<g>
      <title>${s.name}${detail ? ` = ${detail}` : ''}: ${exact(s.total)}</title>
      <rect x=${left} y=${TOP} width=${Math.max(0.5, width)} height=${BAR} fill=${fill} stroke="var(--paper)" />
      ${
        width >= NAMED && s.kind !== 'gap'
          ? svg`<text x=${left + width / 2} y=${TOP + 18} text-anchor="middle" style="fill:${ink}">
              ${fit(s.name, width - 10)}</text>`
          : ''
      }
    </g>`;
  }

  private detail(s: Step): string | undefined {
    return s.part >= 0 ? this.parts[s.part].detail : undefined;
  }

  // From the left to the right; every feature by itself.
  protected override table(): TableOf {
    return {
      columns: [
        { label: 'bar' },
        { label: 'value' },
        { label: 'pushes' },
        { label: 'attribution', form: 'signed' },
        { label: 'from', form: 'number' },
        { label: 'to', form: 'number' },
      ],
      rows: forceLine(this.baseline, this.score, this.parts).map((s) => [
        s.name,
        this.detail(s) ?? null,
        s.total > 0 ? 'up' : 'down',
        s.total,
        s.from,
        s.to,
      ]),
    };
  }
}
