// <wl-picture>: a picture with its attribution: over it, beside it, or as the regions that count most.
import { css, html, nothing, svg, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { percent, short, signed } from '../math/numbers.ts';
import { ranksOfPixels, topArea, type Area } from '../math/regions.ts';
import { Chart, type Drawing } from './chart.ts';
import { fileName, loadImage, saveText } from './save.ts';
import type { TableOf } from './table.ts';

export interface PictureData {
  width: number;
  height: number;
  picture: string;
  overlay: string;
  overlays: { name: string; url: string }[];
  scale: { lo: number; hi: number; highlighted: number; sum: number; share: number };
  map: { columns: number; rows: number; values: ArrayLike<number> };
  regions: { ranks: string; list: { rank: number; area: number; attribution: number }[] } | null;
}

const OFFERED = [5, 10, 20, 30];
const DIMMED = 0.25;
const MOST = 520; // the picture's greatest side on the page

// Nothing but pictures inside the file is ever shown.
const safe = (url: string): string => (url.startsWith('data:image/') ? url : '');

@customElement('wl-picture')
export class PictureChart extends Chart {
  @property({ attribute: false }) data: PictureData | null = null;
  @property({ attribute: false }) about: Record<string, unknown> = {}; // saved with the scale: method, class, scores
  @property() view = 'overlay';
  @property({ type: Number }) opacity = 100; // per cent
  @property({ type: Number }) area = 10; // per cent
  @state() private top: { url: string; of: Area } | null = null;
  private pixels: { of: PictureData; picture: ImageData; ranks: Uint32Array } | null = null;

  static override styles = [
    ...Chart.styles,
    css`
      p {
        font-size: 0.86rem;
        margin-top: 0.5rem;
      }
      p.note {
        margin-top: 0;
      }
    `,
  ];

  private get views(): [string, string][] {
    const d = this.data;
    return [
      ['picture', 'picture'],
      ['overlay', 'overlay'],
      ['both', 'side by side'],
      ...(d?.regions ? [['area', 'top area'] as [string, string]] : []),
      ...(d?.overlays ?? []).map((o): [string, string] => [`more:${o.name}`, o.name]),
    ];
  }

  private get shown(): string {
    return this.views.some(([v]) => v === this.view) ? this.view : 'overlay';
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('data')) this.top = null;
    super.willUpdate(changed);
    if (this.shown === 'area' && (changed.has('data') || changed.has('area') || changed.has('view'))) void this.cut();
  }

  // The picture with all outside the best regions dimmed.
  private async cut(): Promise<void> {
    const data = this.data;
    if (!data?.regions) return;
    if (this.pixels?.of !== data) {
      const [picture, ranks] = await Promise.all([pixelsOf(data.picture, data), pixelsOf(data.regions.ranks, data)]);
      this.pixels = { of: data, picture, ranks: ranksOfPixels(ranks.data) };
    }
    if (this.data !== data) return;
    const { picture, ranks } = this.pixels;
    const of = topArea(ranks, this.area / 100);
    const out = new ImageData(new Uint8ClampedArray(picture.data), picture.width, picture.height);
    for (let i = 0; i < ranks.length; i++) {
      if (ranks[i] <= of.rank) continue;
      for (let c = 0; c < 3; c++) out.data[4 * i + c] *= DIMMED;
    }
    this.top = { url: urlOf(out), of };
  }

  // A picture without its scale cannot be compared with another.
  protected override more() {
    const save = () => {
      const { width, height, scale, regions } = this.data!;
      const text = JSON.stringify({ ...this.about, width, height, scale, regions: regions?.list }, null, 2);
      saveText(fileName(this.heading, 'json'), 'application/json', `${text}\n`);
    };
    return html`<button @click=${save} aria-label="Save the numbers of ${this.heading} as JSON">JSON</button>`;
  }

  protected override controls() {
    const change = (value: Record<string, string>) => this.tell('wl-change', value);
    const range = (label: string, key: string, value: number, min: number) =>
      html`<label
        >${label}
        <input
          type="range"
          min=${min}
          max="100"
          .value=${String(value)}
          @input=${(e: Event) => change({ [key]: (e.target as HTMLInputElement).value })}
        />
        <output class="number">${value} %</output>
      </label>`;
    const offer = (p: number) =>
      html`<button aria-pressed=${p === this.area} @click=${() => change({ area: String(p) })}>${p} %</button>`;
    return html`<div class="controls control">
      <label
        >Show
        <select @change=${(e: Event) => change({ view: (e.target as HTMLSelectElement).value })}>
          ${this.views.map(([v, text]) => html`<option value=${v} ?selected=${v === this.shown}>${text}</option>`)}
        </select>
      </label>
      ${this.shown === 'overlay' || this.shown === 'both' ? range('Opacity', 'opacity', this.opacity, 0) : nothing}
      ${this.shown === 'area' ? html`${range('Area', 'area', this.area, 0)} ${OFFERED.map(offer)}` : nothing}
    </div>`;
  }

  protected override draw(width: number): Drawing | null {
    const d = this.data;
    if (!d || !d.width || !d.height) return null;
    const both = this.shown === 'both';
    const room = both ? (width - 16) / 2 : width;
    const zoom = Math.min(room / d.width, MOST / Math.max(d.width, d.height));
    const [w, h] = [d.width * zoom, d.height * zoom];
    const rendering = zoom > 3 ? 'pixelated' : 'auto';
    const image = (url: string, x = 0, opacity = 1) => svg`<image href=${safe(url)} x=${x} width=${w} height=${h}
      opacity=${opacity} preserveAspectRatio="none" style="image-rendering:${rendering}" />`;
    return { height: Math.ceil(h) + 4, label: `${this.heading}, ${this.shown}`, body: this.layers(image, w) };
  }

  private layers(image: (url: string, x?: number, opacity?: number) => unknown, width: number): unknown {
    const d = this.data!;
    const covered = (x: number) => [image(d.picture, x), image(d.overlay, x, this.opacity / 100)];
    if (this.shown === 'picture') return image(d.picture);
    if (this.shown === 'both') return [image(d.picture), ...covered(width + 16)];
    if (this.shown === 'area') return image(this.top?.url ?? d.picture);
    const more = d.overlays.find((o) => this.shown === `more:${o.name}`);
    return more ? image(more.url) : covered(0);
  }

  protected override below() {
    const d = this.data;
    if (!d) return nothing;
    const { lo, hi, highlighted, sum, share } = d.scale;
    return html`${this.shown === 'area' ? html`<p class="soft number" role="status">${this.areaText()}</p>` : nothing}
      <p class="soft number">
        Colours run from ${short(lo)} to ${short(hi)}; ${percent(highlighted)} of the pixels are highlighted and hold
        ${percent(share)} of all sizes; the layer sums to ${signed(sum)}.
      </p>`;
  }

  private areaText(): string {
    if (!this.top) return 'Reading the regions …';
    const { regions, area } = this.top.of;
    const list = [...this.data!.regions!.list].sort((a, b) => a.rank - b.rank);
    const attribution = list.slice(0, regions).reduce((s, r) => s + r.attribution, 0);
    const share = `${percent(area)} of the picture, ${percent(attribution)} of the attribution`;
    return `${regions} of ${list.length} regions, ${share}.`;
  }

  protected override table(): TableOf {
    const { columns, rows, values } = this.data!.map;
    return {
      columns: [
        { label: 'block row', form: 'count' },
        { label: 'block column', form: 'count' },
        { label: 'attribution', form: 'signed' },
      ],
      rows: Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns, values[i]]),
    };
  }
}

function contextOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingEnabled = false; // Ranks are no shades.
  return context;
}

async function pixelsOf(url: string, { width, height }: PictureData): Promise<ImageData> {
  const image = await loadImage(safe(url));
  const context = contextOf(width, height);
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function urlOf(pixels: ImageData): string {
  const context = contextOf(pixels.width, pixels.height);
  context.putImageData(pixels, 0, 0);
  return context.canvas.toDataURL();
}
