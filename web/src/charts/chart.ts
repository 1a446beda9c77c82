// What every chart has: a heading, a drawing as wide as its place, buttons that save it, and its numbers as a table.
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { PLAIN, type Look } from '../math/color.ts';
import { fileName, savePng, saveText, standalone } from './save.ts';
import { base } from './styles.ts';
import './table.ts';
import type { TableOf } from './table.ts';

export interface Drawing {
  height: number;
  label: string; // what a screen reader says of it; the table has the numbers
  body: unknown; // SVG
}

// How a chart looks, and what a reader chose of the table behind it.
export interface Given {
  look: Look;
  open: boolean;
  sort: { column: number; down: boolean } | null;
  page: number;
}

// Properties that the drawing does not depend on.
const BESIDE = new Set(['name', 'note', 'open', 'sort', 'page', 'rowLink', 'tip', 'seen', 'pieces', 'about']);

export abstract class Chart extends LitElement {
  @property() name = '';
  @property() heading = '';
  @property() note = '';
  @property({ attribute: false }) look: Look = PLAIN;
  @property({ type: Boolean }) open = false;
  @property({ attribute: false, hasChanged: (a, b) => JSON.stringify(a) !== JSON.stringify(b) }) sort: Given['sort'] =
    null;
  @property({ type: Number }) page = 0;
  @property({ attribute: false }) rowLink: (row: number) => string = (row) => `#row=${row}`;
  set given(of: Given) {
    Object.assign(this, of);
  }
  @state() protected width = 0;
  @state() protected tip: { x: number; y: number; text: string } | null = null; // beside the pointer
  private drawing: Drawing | null = null;
  private readonly watch = new ResizeObserver(([entry]) => {
    this.width = Math.floor(entry.contentRect.width);
  });

  protected abstract draw(width: number): Drawing | null;
  protected abstract table(): TableOf;
  // Whether the drawing scrolls in a window of its own.
  protected get tall(): boolean {
    return false;
  }
  protected scrolled(): void {}
  // What else can be saved.
  protected more(): TemplateResult | typeof nothing {
    return nothing;
  }
  protected controls(): TemplateResult | typeof nothing {
    return nothing;
  }
  protected below(): TemplateResult | typeof nothing {
    return nothing;
  }

  static override styles = [
    base,
    css`
      :host {
        min-width: 0;
        break-inside: avoid;
        container-type: inline-size;
      }
      .head {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: baseline;
        gap: 0.25rem 0.75rem;
        margin-bottom: 0.75rem;
      }
      h3 {
        font-size: 1rem;
        font-weight: 600;
      }
      .note {
        grid-column: 1 / -1;
        grid-row: 2;
        color: var(--soft);
        font-size: 0.86rem;
        max-width: 46rem;
      }
      .save {
        display: flex;
        gap: 0.25rem;
      }
      .save button {
        min-height: 1.6rem;
        padding: 0 0.5rem;
        font-size: 0.78rem;
        color: var(--soft);
        border-color: transparent;
        background: transparent;
      }
      .save button:hover,
      .save button:focus-visible {
        color: var(--ink);
        border-color: var(--line);
      }
      .drawing {
        position: relative;
        width: 100%;
      }
      svg {
        display: block;
        width: 100%;
        height: auto;
        overflow: visible;
        font-family: var(--font);
        font-size: 12px;
        font-variant-numeric: tabular-nums;
      }
      svg text {
        fill: var(--ink);
      }
      svg .soft {
        fill: var(--soft);
      }
      svg .over {
        paint-order: stroke;
        stroke: var(--paper);
        stroke-width: 3px;
      }
      svg .strong {
        font-weight: 600;
      }
      svg .alarm {
        fill: var(--alarm);
      }
      .grid {
        stroke: var(--faint);
      }
      .axis {
        stroke: var(--line);
      }
      .zero {
        stroke: var(--soft);
        stroke-opacity: 0.6;
      }
      .ink {
        stroke: var(--ink);
        fill: none;
      }
      .dot {
        fill: var(--accent);
        stroke: var(--paper);
        stroke-width: 1.5;
      }
      .guide {
        stroke: var(--ink);
        stroke-opacity: 0.5;
        stroke-dasharray: 2 3;
      }
      .link {
        cursor: pointer;
      }
      details {
        margin-top: 0.5rem;
        font-size: 0.86rem;
      }
      summary {
        color: var(--soft);
        width: fit-content;
      }
      .controls {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 1rem;
        align-items: center;
        margin-bottom: 0.75rem;
        font-size: 0.86rem;
      }
      .controls label {
        display: inline-flex;
        gap: 0.4rem;
        align-items: center;
        color: var(--soft);
      }
      .controls select {
        max-width: 14rem;
        color: var(--ink);
      }
      .tip {
        position: absolute;
        z-index: 2;
        pointer-events: none;
        padding: 0.3rem 0.55rem;
        border-radius: 5px;
        background: var(--ink);
        color: var(--paper);
        font-size: 0.78rem;
        line-height: 1.35;
        white-space: pre-line;
        max-width: 18rem;
      }
      .tall {
        max-height: 24rem;
        overflow-y: auto;
      }
      @media print {
        .tall {
          max-height: none;
          overflow: visible;
        }
        details:not([open]) {
          display: none;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.watch.disconnect();
  }

  // Addresses of rows stand in the table alone.
  protected override shouldUpdate(changed: PropertyValues): boolean {
    return this.open || changed.size > 1 || !changed.has('rowLink');
  }

  // Thousands of points are not painted again for a tip or an opened table.
  protected override willUpdate(changed: PropertyValues): void {
    const draws = [...changed.keys()].some((key) => !BESIDE.has(String(key)));
    if (draws) this.drawing = this.width > 0 ? this.draw(this.width) : null;
  }

  override render(): TemplateResult {
    const { drawing } = this;
    return html`<figure>
      <figcaption class="head">
        <h3>${this.heading}</h3>
        ${this.note ? html`<p class="note">${this.note}</p>` : nothing}
        <span class="save control">
          <button @click=${this.saveSvg} aria-label="Save ${this.heading} as SVG">SVG</button>
          <button @click=${this.savePicture} aria-label="Save ${this.heading} as PNG">PNG</button>
          ${this.more()}
        </span>
      </figcaption>
      ${this.controls()}
      <div
        class="drawing ${this.tall ? 'tall' : ''}"
        role=${this.tall ? 'region' : nothing}
        tabindex=${this.tall ? 0 : nothing}
        aria-label=${this.tall ? this.heading : nothing}
        @scroll=${this.scrolled}
      >
        ${
          drawing
            ? html`<svg
                role="img"
                aria-label=${drawing.label}
                viewBox="0 0 ${this.width} ${drawing.height}"
                width=${this.width}
                height=${drawing.height}
                style="max-width:${this.width}px"
              >
                ${drawing.body}
              </svg>`
            : nothing
        }
        ${this.below()}
        ${
          this.tip
            ? html`<div class="tip" style="left:${this.tip.x + 12}px;top:${this.tip.y + 8}px">${this.tip.text}</div>`
            : nothing
        }
      </div>
      <details ?open=${this.open} @toggle=${this.toggle}>
        <summary>Table<span class="unseen"> of ${this.heading}</span></summary>
        ${
          this.open
            ? html`<wl-table
                .name=${this.name}
                .caption=${this.heading}
                .data=${this.table()}
                .sort=${this.sort}
                .page=${this.page}
                .rowLink=${this.rowLink}
              ></wl-table>`
            : nothing
        }
      </details>
    </figure>`;
  }

  protected tell(type: string, value: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail: { name: this.name, value }, bubbles: true, composed: true }));
  }

  private toggle(event: Event): void {
    const open = (event.target as HTMLDetailsElement).open;
    if (open === this.open) return;
    this.open = open;
    this.tell('wl-open', open);
  }

  private svg(): SVGSVGElement | null {
    return this.renderRoot.querySelector('svg');
  }

  private saveSvg(): void {
    const svg = this.svg();
    if (svg) saveText(fileName(this.heading, 'svg'), 'image/svg+xml', standalone(svg));
  }

  private async savePicture(): Promise<void> {
    const svg = this.svg();
    if (svg) await savePng(fileName(this.heading, 'png'), svg);
  }
}
