// <wl-tokens>: a text in reading order, each token on the colour of its attribution and underlined, solid for what
// pushes up, dotted for what pushes down.
import { svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { css as rgb, diverging, inkOn, position } from '../math/color.ts';
import { exact, percent, signed } from '../math/numbers.ts';
import { byMagnitude, greatestMagnitude } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { textWidth } from './draw.ts';
import { colorKey } from './heat_map.ts';
import type { TableOf } from './table.ts';

const SIZE = 15;
const LINE = 30;
const PAD = 4;
const GAP = 3;
const DRAWN = 4000; // Of longer texts the start; the table has all.

interface Placed {
  index: number;
  text: string;
  x: number;
  y: number;
  width: number;
}

@customElement('wl-tokens')
export class TokensChart extends Chart {
  @property({ attribute: false }) tokens: string[] = [];
  @property({ attribute: false }) attributions: number[] = [];
  @property({ type: Number }) greatest = 0; // of the scale; 0: of these tokens

  protected override draw(width: number): Drawing {
    const greatest = Math.max(this.greatest, greatestMagnitude(this.attributions));
    const sum = this.attributions.reduce((s, a) => s + (a || 0), 0);
    const placed = flow(this.tokens.slice(0, DRAWN), width);
    const bottom = (placed.at(-1)?.y ?? 0) + LINE;
    const strongest = byMagnitude(this.attributions).slice(0, 3);
    return {
      height: bottom + 44,
      label: `${this.heading}: ${strongest.map((i) => `${this.tokens[i]} ${signed(this.attributions[i])}`).join(', ')}`,
      body: svg`
        ${placed.map((p) => this.token(p, greatest, sum))}
        ${colorKey(0, bottom + 10, Math.min(width, 300), greatest, this.look)}`,
    };
  }

  private token({ index, text, x, y, width }: Placed, greatest: number, sum: number) {
    const a = this.attributions[index];
    const back = diverging(position(a, greatest, this.look.curve), this.look);
    const ink = rgb(inkOn(back, this.look.dark));
    const share = sum ? `, ${percent(a / sum)} of the sum` : '';
    return svg`<g>
      <title>${this.tokens[index]} (token ${index}): ${exact(a)}${share}</title>
      <rect x=${x} y=${y} width=${width} height=${LINE - 7} rx="3" fill=${rgb(back)} />
      <text x=${x + PAD} y=${y + 15} font-size=${SIZE} style="fill:${ink};white-space:pre">${text}</text>
      ${
        a
          ? svg`<line x1=${x + PAD} x2=${x + width - PAD} y1=${y + 19.5} y2=${y + 19.5} stroke=${ink} stroke-width="1.5"
        stroke-dasharray=${a > 0 ? 'none' : '1.5 2.5'} />`
          : ''
      }
    </g>`;
  }

  protected override table(): TableOf {
    const sum = this.attributions.reduce((s, a) => s + (a || 0), 0);
    return {
      columns: [
        { label: 'place', form: 'count' },
        { label: 'token' },
        { label: 'attribution', form: 'signed' },
        { label: 'share of the sum', form: 'percent' },
      ],
      rows: this.tokens.map((t, i) => [i, t, this.attributions[i], sum ? this.attributions[i] / sum : null]),
    };
  }
}

// Tokens one after the other, in lines. A token with a line break ends its line, and blanks behind the break indent
// the next one.
function flow(tokens: string[], width: number): Placed[] {
  const out: Placed[] = [];
  let x = 0;
  let y = 0;
  tokens.forEach((token, index) => {
    const indent = /\n([^\S\n]+)$/.exec(token)?.[1] ?? '';
    const shown = token.slice(0, token.length - indent.length);
    const text = shown.replace(/\r?\n/g, '⏎').replace(/\t/g, '→') || '∅';
    const own = Math.min(width, textWidth(text, SIZE) + 2 * PAD);
    if (x > 0 && x + own > width) [x, y] = [0, y + LINE];
    out.push({ index, text, x, y, width: own });
    x += own + GAP;
    if (token.includes('\n')) [x, y] = [Math.min(width / 2, textWidth(indent, SIZE)), y + LINE];
  });
  return out;
}
