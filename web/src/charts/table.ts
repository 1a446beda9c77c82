// <wl-table>: numbers that sort, in pages, and as CSV.
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { count, exact, percent, short, signed, value } from '../math/numbers.ts';
import { csv, fileName, saveText } from './save.ts';
import { base } from './styles.ts';

export type Form = 'text' | 'number' | 'signed' | 'percent' | 'value' | 'count' | 'row';
export interface ColumnOf {
  label: string;
  form?: Form; // default: text
  alarm?: (x: Cell) => boolean; // shown in red
}
export type Cell = number | string | null;
export interface TableOf {
  columns: ColumnOf[];
  rows: Cell[][];
}

const SHOW: Record<Form, (x: number) => string> = {
  text: String,
  number: short,
  signed,
  percent,
  value,
  count,
  row: String,
};
const PAGE = 25;

@customElement('wl-table')
export class Table extends LitElement {
  @property() name = '';
  @property() caption = '';
  @property({ attribute: false }) data: TableOf = { columns: [], rows: [] };
  @property({ attribute: false }) sort: { column: number; down: boolean } | null = null;
  @property({ type: Number }) page = 0;
  // The address of a row, for columns of the form `row`.
  @property({ attribute: false }) rowLink: (row: number) => string = (row) => `#row=${row}`;

  static override styles = [
    base,
    css`
      .scroll {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font-size: 0.86rem;
        line-height: 1.4;
      }
      th,
      td {
        padding: 0.32rem 0.75rem;
        text-align: left;
        border-bottom: 1px solid var(--faint);
        vertical-align: baseline;
        overflow-wrap: anywhere;
      }
      th {
        color: var(--soft);
        font-weight: 500;
        white-space: nowrap;
        border-bottom-color: var(--line);
        overflow-wrap: normal;
      }
      th:first-child,
      td:first-child {
        padding-left: 0.25rem;
      }
      td:not(.n) {
        min-width: 7.5rem;
      }
      td.n,
      th.n {
        text-align: right;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      th button {
        all: unset;
        cursor: pointer;
        white-space: nowrap;
      }
      th button:focus-visible {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
      tbody tr:hover {
        background: var(--wash);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin-top: 0.6rem;
        font-size: 0.82rem;
        color: var(--soft);
      }
      .foot button {
        min-height: 1.75rem;
        color: var(--ink);
      }
      .space {
        flex: 1;
      }
      @media print {
        th button {
          display: inline !important;
        }
        .scroll {
          overflow: visible;
        }
        th,
        th button {
          white-space: normal;
          overflow-wrap: anywhere;
        }
        th,
        td {
          padding-inline: 0.4rem;
        }
        td:not(.n) {
          min-width: 4rem;
        }
        table {
          font-size: 8.5pt;
        }
        tr {
          break-inside: avoid;
        }
      }
    `,
  ];

  override render(): TemplateResult {
    const { columns, rows } = this.data;
    const pages = Math.max(1, Math.ceil(rows.length / PAGE));
    const page = Math.min(Math.max(0, this.page), pages - 1);
    const shown = this.sorted().slice(page * PAGE, (page + 1) * PAGE);
    return html`
      <div class="scroll" tabindex="0" role="region" aria-label=${this.caption}>
        <table>
          <caption class="unseen">
            ${this.caption}
          </caption>
          <thead>
            <tr>
              ${columns.map((c, i) => this.head(c, i))}
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              (row) =>
                html`<tr>
                  ${columns.map((c, i) => this.cell(c, row[i]))}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="foot control">
        ${pages > 1 ? this.pager(page, pages) : nothing}
        <span class="space"></span>
        <button @click=${this.save}>Save CSV</button>
      </div>
    `;
  }

  private head(column: ColumnOf, i: number): TemplateResult {
    const sort = this.sort?.column === i ? (this.sort.down ? 'descending' : 'ascending') : 'none';
    const mark = { none: '', ascending: ' ↑', descending: ' ↓' }[sort];
    return html`<th scope="col" class=${isNumber(column) ? 'n' : ''} aria-sort=${sort}>
      <button @click=${() => this.resort(i)}>${column.label}<span aria-hidden="true">${mark}</span></button>
    </th>`;
  }

  private cell(column: ColumnOf, x: Cell | undefined): TemplateResult {
    const number = isNumber(column) ? 'n' : '';
    const alarm = column.alarm?.(x ?? null) ? 'alarm' : '';
    if (x === null || x === undefined || Number.isNaN(x)) return html`<td class=${number}>–</td>`;
    if (column.form === 'row') return html`<td class="n"><a href=${this.rowLink(Number(x))}>${x}</a></td>`;
    if (typeof x === 'string') return html`<td class=${number}>${x}</td>`;
    const text = SHOW[column.form ?? 'number'](x);
    return html`<td class="${number} ${alarm}" title=${exact(x)}>${text}</td>`;
  }

  private pager(page: number, pages: number): TemplateResult {
    const turn = (to: number) => this.tell('wl-page', to);
    return html`
      <button ?disabled=${page === 0} @click=${() => turn(page - 1)} aria-label="Previous page">‹</button>
      <span class="number">${page + 1} / ${pages}</span>
      <button ?disabled=${page === pages - 1} @click=${() => turn(page + 1)} aria-label="Next page">›</button>
      <span class="number">${count(this.data.rows.length)} rows</span>
    `;
  }

  // Numbers start with the largest, words with the first; missing ones are always last.
  private resort(column: number): void {
    const first = isNumber(this.data.columns[column]);
    const again = this.sort?.column === column;
    this.tell('wl-sort', { column, down: again ? !this.sort!.down : first });
  }

  private sorted(): Cell[][] {
    if (!this.sort || !this.data.columns[this.sort.column]) return this.data.rows;
    const { column, down } = this.sort;
    const missing = (c: Cell) => c === null || Number.isNaN(c);
    return [...this.data.rows].sort(([...a], [...b]) => {
      const [x, y] = [a[column], b[column]];
      if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
      const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
      return down ? -order : order;
    });
  }

  private tell(type: string, value: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail: { name: this.name, value }, bubbles: true, composed: true }));
  }

  private save(): void {
    const { columns, rows } = this.data;
    const header = columns.map((c) => c.label);
    saveText(fileName(this.caption || this.name, 'csv'), 'text/csv', csv(header, rows));
  }
}

const isNumber = (c: ColumnOf): boolean => c.form !== undefined && c.form !== 'text';
