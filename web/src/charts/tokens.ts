// <wl-tokens>: a text in reading order, each token on the colour of its attribution and underlined, solid for what
// pushes up, dotted for what pushes down. Where tokens are pieces, a switch shows the words instead. A long text
// scrolls below a strip that tells where in it the attribution is.
import { html, nothing, svg, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { css as rgb, diverging, inkOn, position } from '../math/color.ts';
import { density, type Density } from '../math/density.ts';
import { count, exact, percent, signed } from '../math/numbers.ts';
import { byMagnitude, greatestMagnitude } from '../math/statistics.ts';
import { Chart, type Drawing } from './chart.ts';
import { textWidth } from './draw.ts';
import { colorKey } from './heat_map.ts';
import './strip.ts';
import type { TableOf } from './table.ts';

const SIZE = 15;
const LINE = 30;
const PAD = 4;
const GAP = 3;
const KEY = 44;
const DRAWN = 4000; // Of longer texts the start; the table has all.
export const LONG = 150; // tokens that are read at a glance
const BINS = 240;

export type Unit = 'token' | 'word';

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
  @property() unit: Unit = 'token';
  @property({ attribute: false }) pieces: string[] | null = null; // of each word; null: tokens are no pieces
  @property({ type: Number }) greatest = 0; // of the scale; 0: of these tokens
  @state() private seen = { from: 0, size: 1 }; // shares of the drawing that show
  private along: { places: Float64Array; density: Density } | null = null;

  protected override get tall(): boolean {
    return this.tokens.length > LONG;
  }

  protected override draw(width: number): Drawing {
    const greatest = Math.max(this.greatest, greatestMagnitude(this.attributions));
    const sum = this.attributions.reduce((s, a) => s + (a || 0), 0);
    const top = this.tall ? KEY : 0; // The key of a long text is not at its far end.
    const placed = flow(this.tokens.slice(0, DRAWN), width, top);
    const bottom = (placed.at(-1)?.y ?? 0) + LINE;
    const height = this.tall ? bottom : bottom + KEY;
    const places = Float64Array.from(placed, (p) => (p.y + (LINE * p.x) / width) / height);
    this.along = this.tall ? { places, density: density(places, this.attributions, BINS) } : null;
    const strongest = byMagnitude(this.attributions).slice(0, 3);
    return {
      height,
      label: `${this.heading}: ${strongest.map((i) => `${this.tokens[i]} ${signed(this.attributions[i])}`).join(', ')}`,
      body: svg`
        ${placed.map((p) => this.token(p, greatest, sum))}
        ${colorKey(0, this.tall ? 0 : bottom + 10, Math.min(width, 300), greatest, this.look)}`,
    };
  }

  private token({ index, text, x, y, width }: Placed, greatest: number, sum: number) {
    const a = this.attributions[index];
    const back = diverging(position(a, greatest, this.look.curve), this.look);
    const ink = rgb(inkOn(back, this.look.dark));
    const share = sum ? `, ${percent(a / sum)} of the sum` : '';
    return svg`<g>
      <title>${this.tokens[index]} (${this.unit} ${index}): ${exact(a)}${share}</title>
      <rect x=${x} y=${y} width=${width} height=${LINE - 7} rx="3" fill=${rgb(back)} />
      <text x=${x + PAD} y=${y + 15} font-size=${SIZE} style="fill:${ink};white-space:pre">${text}</text>
      ${
        a
          ? svg`<line x1=${x + PAD} x2=${x + width - PAD} y1=${y + 19.5} y2=${y + 19.5} stroke=${ink}
              stroke-width="1.5" stroke-dasharray=${a > 0 ? 'none' : '1.5 2.5'} />`
          : ''
      }
    </g>`;
  }

  protected override controls() {
    const units: [Unit, string][] = [
      ['token', 'pieces'],
      ['word', 'words'],
    ];
    const choice = ([unit, text]: [Unit, string]) =>
      html`<button aria-pressed=${unit === this.unit} @click=${() => this.tell('wl-change', { text: unit })}>
        ${text}
      </button>`;
    return html`${this.pieces ? html`<div class="controls control">Show ${units.map(choice)}</div>` : nothing}
    ${
      this.along
        ? html`<wl-strip
            .density=${this.along.density}
            .from=${this.seen.from}
            .size=${this.seen.size}
            label="Place in ${this.heading}"
            words=${this.seenWords(this.along.places)}
            .look=${this.look}
            @wl-scroll=${(e: CustomEvent<number>) => this.goTo(e.detail)}
          ></wl-strip>`
        : nothing
    }`;
  }

  private seenWords(places: Float64Array): string {
    const { from, size } = this.seen;
    const first = places.findIndex((p) => p >= from);
    const last = places.findLastIndex((p) => p < from + size);
    const all = this.tokens.length > DRAWN ? `${count(this.tokens.length)}, of which ${count(DRAWN)} are drawn` : '';
    return `${this.unit}s ${count(first)} to ${count(last)} of ${all || count(this.tokens.length)}`;
  }

  private get view(): HTMLElement | null {
    return this.renderRoot.querySelector('.drawing');
  }

  private goTo(from: number): void {
    const { view } = this;
    if (view) view.scrollTop = from * view.scrollHeight;
  }

  protected override scrolled(): void {
    const { view } = this;
    if (!view?.scrollHeight || !this.tall) return;
    const { scrollTop, clientHeight, scrollHeight } = view;
    const seen = { from: scrollTop / scrollHeight, size: Math.min(1, clientHeight / scrollHeight) };
    if (seen.from !== this.seen.from || seen.size !== this.seen.size) this.seen = seen;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.scrolled();
  }

  protected override table(): TableOf {
    const sum = this.attributions.reduce((s, a) => s + (a || 0), 0);
    const pieces = this.unit === 'word' ? this.pieces : null;
    return {
      columns: [
        { label: 'place', form: 'count' },
        { label: this.unit },
        ...(pieces ? [{ label: 'pieces' }] : []),
        { label: 'attribution', form: 'signed' },
        { label: 'share of the sum', form: 'percent' },
      ],
      rows: this.tokens.map((t, i) => [
        i,
        t,
        ...(pieces ? [pieces[i]] : []),
        this.attributions[i],
        sum ? this.attributions[i] / sum : null,
      ]),
    };
  }
}

// Tokens one after the other, in lines. A token with a line break ends its line, and blanks behind the break indent
// the next one.
function flow(tokens: string[], width: number, top: number): Placed[] {
  const out: Placed[] = [];
  let x = 0;
  let y = top;
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
