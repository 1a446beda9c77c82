import { LitElement, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Loaded } from './loaded.ts';
import type { Shared } from './report.ts';
import type { Selection } from './selection.ts';

@customElement('wl-row')
export class RowPage extends LitElement {
  @property({ attribute: false }) data!: Loaded;
  @property({ attribute: false }) selection!: Selection;
  @property({ attribute: false }) shared!: Shared;
  @property({ attribute: false }) row = 0;
  override render() {
    return html`<h2>Row ${this.row}</h2>`;
  }
}
