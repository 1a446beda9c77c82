// <wl-strip>: how much is attributed along a text, up above the line and down below it, with a window over the part
// that shows. A slider: the window is dragged, or moved by keys.
import { LitElement, css, html, svg, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { PLAIN, ofSign, type Look } from '../math/color.ts';
import type { Density } from '../math/density.ts';
import { greatestMagnitude } from '../math/statistics.ts';
import { base } from './styles.ts';

const HEIGHT = 40;

@customElement('wl-strip')
export class Strip extends LitElement {
  @property({ attribute: false }) density: Density = { up: new Float64Array(), down: new Float64Array() };
  @property({ type: Number }) from = 0; // the window, in shares of the whole
  @property({ type: Number }) size = 1;
  @property() label = '';
  @property() words = ''; // what the window shows
  @property({ attribute: false }) look: Look = PLAIN;

  static override styles = [
    base,
    css`
      :host {
        margin-bottom: 0.75rem;
      }
      div {
        border: 1px solid var(--line);
        border-radius: 4px;
        cursor: ew-resize;
        touch-action: none;
      }
      svg {
        display: block;
        width: 100%;
        height: ${HEIGHT}px;
      }
      .window {
        fill: var(--ink);
        fill-opacity: 0.1;
        stroke: var(--ink);
        vector-effect: non-scaling-stroke;
      }
      .zero {
        stroke: var(--line);
        vector-effect: non-scaling-stroke;
      }
      @media print {
        :host {
          display: none;
        }
      }
    `,
  ];

  override render(): TemplateResult {
    const { up, down } = this.density;
    const greatest = Math.max(greatestMagnitude(up), greatestMagnitude(down)) || 1;
    const middle = HEIGHT / 2;
    const bar = (x: number, a: number) => {
      const height = (Math.abs(a) / greatest) * (middle - 2);
      return svg`<rect x=${x} y=${a > 0 ? middle - height : middle} width="1" height=${height}
        fill=${ofSign(a, this.look)} />`;
    };
    const bins = up.length;
    return html`<div
      role="slider"
      tabindex="0"
      aria-label=${this.label}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(100 * this.share)}
      aria-valuetext=${this.words}
      title=${this.words}
      @keydown=${this.key}
      @pointerdown=${this.grab}
      @pointermove=${this.drag}
    >
      <svg viewBox="0 0 ${bins} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        <line class="zero" x1="0" x2=${bins} y1=${middle} y2=${middle} />
        ${Array.from(up, (a, i) => [bar(i, a), bar(i, -down[i])])}
        <rect class="window" x=${this.from * bins} width=${this.size * bins} y="0.5" height=${HEIGHT - 1} />
      </svg>
    </div>`;
  }

  // How far the window is moved, of how far it can be.
  private get share(): number {
    return this.size < 1 ? Math.min(1, this.from / (1 - this.size)) : 0;
  }

  private move(from: number): void {
    const detail = Math.min(1 - this.size, Math.max(0, from));
    this.dispatchEvent(new CustomEvent('wl-scroll', { detail }));
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowLeft: -0.2,
      ArrowUp: -0.2,
      ArrowRight: 0.2,
      ArrowDown: 0.2,
      PageUp: -1,
      PageDown: 1,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.move(this.from + step * this.size);
  }

  private grab(event: PointerEvent): void {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.drag(event);
  }

  // The window's middle goes to the pointer.
  private drag(event: PointerEvent): void {
    if (!event.buttons) return;
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.move((event.clientX - left) / width - this.size / 2);
  }
}
