// <wl-report>: the whole page. It holds what the reader has chosen, in the address, and shows all rows or one.
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import type { Given } from '../charts/chart.ts';
import { base } from '../charts/styles.ts';
import { PLAIN, type Look } from '../math/color.ts';
import { load, type Loaded } from './loaded.ts';
import './overview.ts';
import './row.ts';
import { Selection, targetName } from './selection.ts';
import { entryOf, parseHash, toHash, withEntry, type Change, type State } from './state.ts';

const media = (query: string) => globalThis.matchMedia(query);

@customElement('wl-report')
export class ReportPage extends LitElement {
  @state() private data: Loaded | null = null;
  @state() private failure = '';
  @state() private chosen: State = parseHash(location.hash);
  @state() private printing = false;
  private drawn: Look = PLAIN;
  private selection: { key: string; of: Selection } | null = null;

  static override styles = [
    base,
    css`
      .page {
        max-width: 70rem;
        margin: 0 auto;
        padding: 2.5rem 2rem 5rem;
      }
      header {
        display: flex;
        gap: 2rem;
        align-items: flex-start;
        justify-content: space-between;
      }
      h1 {
        font-size: 1.75rem;
        line-height: 1.2;
        font-weight: 650;
        letter-spacing: -0.015em;
        overflow-wrap: anywhere;
      }
      .kind {
        font-size: 0.8rem;
        color: var(--soft);
        margin-bottom: 0.35rem;
      }
      .looks {
        display: flex;
        flex: none;
        gap: 0.5rem;
        flex-wrap: wrap;
        justify-content: flex-end;
        font-size: 0.82rem;
      }
      .looks label,
      .looks .choice,
      .bar label {
        display: grid;
        gap: 0.15rem;
        color: var(--soft);
        font-size: 0.74rem;
      }
      .looks button:not([aria-pressed='true']),
      .bar button,
      .looks select,
      .bar select,
      .bar input {
        color: var(--ink);
      }
      .looks button,
      .looks select,
      .bar button,
      .bar select,
      .bar input {
        font-size: 0.86rem;
      }
      .bar {
        position: sticky;
        top: 0;
        z-index: 5;
        display: flex;
        flex-wrap: wrap;
        gap: 0.75rem;
        align-items: end;
        margin: 1.5rem -2rem 0;
        padding: 0.6rem 2rem 0.7rem;
        background: var(--paper);
        border-bottom: 1px solid var(--line);
      }
      .bar .wide {
        flex: 1 1 12rem;
      }
      .bar .wide > * {
        width: 100%;
      }
      .bar select {
        max-width: 20rem;
      }
      .bar .row {
        display: flex;
        gap: 0.35rem;
        align-items: end;
      }
      .bar input[type='number'] {
        width: 6.5rem;
      }
      .message {
        max-width: 40rem;
        margin: 5rem auto;
        padding: 0 2rem;
      }
      .paper {
        display: none;
      }
      @media (max-width: 640px) {
        .page {
          padding: 1.5rem 1rem 4rem;
        }
        header {
          flex-direction: column;
          gap: 1rem;
        }
        .looks {
          justify-content: flex-start;
        }
        .bar {
          position: static;
          margin-inline: -1rem;
          padding-inline: 1rem;
        }
      }
      @media print {
        .page {
          padding: 0;
          max-width: none;
        }
        .paper {
          display: block;
          color: var(--soft);
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    try {
      this.data = load(document);
      if (this.data) document.title = `${this.data.report.title} – Whylight report`;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
    addEventListener('hashchange', () => (this.chosen = parseHash(location.hash)));
    addEventListener('keydown', (event) => this.key(event));
    media('(prefers-color-scheme: dark)').addEventListener('change', () => this.requestUpdate());
    media('print').addEventListener('change', (event) => (this.printing = event.matches));
    this.printing = media('print').matches;
    for (const type of ['wl-open', 'wl-sort', 'wl-page', 'wl-choose', 'wl-row', 'wl-change']) {
      this.renderRoot.addEventListener(type, (event) => this.heard(event as CustomEvent));
    }
  }

  // The same object while nothing changes, so that charts are not drawn again. Paper is white.
  private get look(): Look {
    const { theme, map, curve } = this.chosen;
    const dark = theme === 'auto' ? media('(prefers-color-scheme: dark)').matches : theme === 'dark';
    const look: Look = {
      dark: dark && !this.printing,
      alternative: map === 'orange-blue',
      curve: curve === 'linear' ? 'linear' : 'root',
    };
    if (JSON.stringify(look) !== JSON.stringify(this.drawn)) this.drawn = look;
    return this.drawn;
  }

  private heard({ type, detail }: CustomEvent): void {
    const { open, sort, page } = this.chosen;
    const { name, value } = detail;
    if (type === 'wl-open') this.change({ open: withEntry(open, name, value ? [] : null) });
    if (type === 'wl-page') this.change({ page: withEntry(page, name, value ? [String(value)] : null) });
    if (type === 'wl-sort') {
      const order = [String(value.column), value.down ? 'down' : 'up'];
      this.change({ sort: withEntry(sort, name, order), page: withEntry(page, name, null) });
    }
    if (type === 'wl-row') this.change({ row: String(value) }, true);
    if (type === 'wl-choose' || type === 'wl-change') this.change(value as Change);
  }

  // Going to another row is a step that the browser's back button undoes; other choices are not.
  private change(change: Change, step = false): void {
    this.chosen = { ...this.chosen, ...change };
    const hash = toHash(this.chosen);
    if (step) location.hash = hash;
    else history.replaceState(null, '', hash);
    if (step) scrollTo(0, 0);
  }

  private key(event: KeyboardEvent): void {
    if (this.chosen.row === '' || event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.composedPath()[0] as HTMLElement;
    if (target.matches?.('input, select, textarea, [role="region"], [role="slider"]')) return;
    if (event.key === 'ArrowLeft') this.turn(-1);
    if (event.key === 'ArrowRight') this.turn(1);
    if (event.key === 'Escape') this.change({ row: '' }, true);
  }

  private turn(by: number): void {
    const row = Number(this.chosen.row) + by;
    if (row >= 0 && row < (this.data?.report.rows.count ?? 0)) this.change({ row: String(row) }, true);
  }

  private select(data: Loaded): Selection {
    const { target, q } = this.chosen;
    const key = JSON.stringify([target, q]);
    if (this.selection?.key !== key) {
      const known = target !== '' && data.report.targets[Number(target)] !== undefined;
      this.selection = { key, of: new Selection(data, known ? Number(target) : -1, q) };
    }
    return this.selection.of;
  }

  override render(): TemplateResult {
    document.documentElement.dataset.theme = this.look.dark ? 'dark' : 'light';
    if (this.failure)
      return html`<main class="message">
        <h1>This report cannot be read</h1>
        <p>${this.failure}</p>
      </main>`;
    const data = this.data;
    if (!data)
      return html`<main class="message">
        <h1>No data</h1>
        <p>This is the empty page of a report; <code>whylight report</code> fills it.</p>
      </main>`;
    const { row } = this.chosen;
    const number = Number(row);
    const known = row !== '' && Number.isInteger(number) && number >= 0 && number < data.report.rows.count;
    const shared = {
      state: this.chosen,
      rowLink: (r: number) => toHash({ ...this.chosen, row: String(r) }),
      allLink: toHash({ ...this.chosen, row: '' }),
      tableOf: (name: string) => this.tableState(name),
    };
    return html`<div class="page">
      <header>
        <div>
          <p class="kind">Whylight report</p>
          <h1>${data.report.title}</h1>
        </div>
        ${this.looks()}
      </header>
      ${this.bar(data)}
      <p class="paper">${this.choiceInWords(data)}</p>
      <main>
        ${
          row !== '' && !known
            ? html`<p class="alarm" role="alert">
                There is no row ${row}; rows are 0 to ${data.report.rows.count - 1}.
              </p>`
            : nothing
        }
        ${
          known
            ? html`<wl-row .data=${data} .row=${number} .selection=${this.select(data)} .shared=${shared}></wl-row>`
            : html`<wl-overview .data=${data} .selection=${this.select(data)} .shared=${shared}></wl-overview>`
        }
      </main>
    </div>`;
  }

  private tableState(name: string): Given {
    const { open, sort, page } = this.chosen;
    const order = entryOf(sort, name);
    return {
      look: this.look,
      open: entryOf(open, name) !== null,
      sort: order ? { column: Number(order[0]), down: order[1] === 'down' } : null,
      page: Number(entryOf(page, name)?.[0] ?? 0),
    };
  }

  private pick(label: string, key: keyof State, choices: [string, string][]): TemplateResult {
    return html`<label
      >${label}
      <select @change=${(e: Event) => this.change({ [key]: (e.target as HTMLSelectElement).value })}>
        ${choices.map(([k, text]) => html`<option value=${k} ?selected=${this.chosen[key] === k}>${text}</option>`)}
      </select>
    </label>`;
  }

  private looks(): TemplateResult {
    return html`<div class="looks control">
      <span class="choice"
        ><span>Colours</span>
        <button
          aria-pressed=${this.look.alternative}
          title="Colours that red-green blindness tells apart"
          @click=${() => this.change({ map: this.look.alternative ? 'pink-green' : 'orange-blue' })}
        >
          orange – blue
        </button></span
      >
      ${this.pick('Scale of colours', 'curve', [
        ['root', 'square root'],
        ['linear', 'linear'],
      ])}
      ${this.pick('Page', 'theme', [
        ['auto', 'as the system'],
        ['light', 'light'],
        ['dark', 'dark'],
      ])}
    </div>`;
  }

  // On paper, where there are no controls.
  private choiceInWords(data: Loaded): string {
    const { q } = this.chosen;
    const { target } = this.select(data);
    const { targets } = data.report;
    const shown = target >= 0 ? targetName(targets[target]) : targets.length > 1 ? 'first of each row' : '';
    return [shown && `Output and class: ${shown}`, q && `Features: ${q}`].filter(Boolean).join(' · ');
  }

  private bar(data: Loaded): TemplateResult {
    const { targets, rows } = data.report;
    const several = targets.length > 1;
    const choices: [string, string][] = [
      ['', several ? 'first of each row' : targets.length ? targetName(targets[0]) : 'nothing'],
      ...(several ? targets.map((t, i): [string, string] => [String(i), targetName(t)]) : []),
    ];
    return html`<div class="bar control" role="search" aria-label="What to show">
      ${this.pick('Output and class', 'target', choices)}
      <label class="wide"
        >Features
        <input
          type="search"
          placeholder="all; words or /pattern/"
          .value=${this.chosen.q}
          @input=${(e: Event) => this.change({ q: (e.target as HTMLInputElement).value })}
        />
      </label>
      <form
        class="row"
        @submit=${(e: Event) => {
          e.preventDefault();
          const { value } = (e.target as HTMLFormElement).querySelector('input')!;
          if (value !== '') this.change({ row: value }, true);
        }}
      >
        <label
          >Row, 0 to ${rows.count - 1}
          <input type="number" min="0" max=${rows.count - 1} .value=${this.chosen.row} />
        </label>
        <button aria-label="Go to the row">Go</button>
      </form>
    </div>`;
  }
}

// What the parts of the page get from it.
export interface Shared {
  state: State;
  rowLink: (row: number) => string;
  allLink: string;
  tableOf: (name: string) => Given; // of the chart or table of that name
}
