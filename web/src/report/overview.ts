// <wl-overview>: what holds for all rows: how they were explained, what counts, what may not be trusted.
import { LitElement, css, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '../charts/beeswarm.ts';
import type { Column } from '../charts/column.ts';
import '../charts/decisions.ts';
import '../charts/dependence.ts';
import '../charts/errors.ts';
import '../charts/global_bars.ts';
import { globalNote } from '../charts/global_bars.ts';
import '../charts/heat_map.ts';
import { base, sections } from '../charts/styles.ts';
import '../charts/table.ts';
import type { TableOf } from '../charts/table.ts';
import { count, percent, plural } from '../math/numbers.ts';
import { QUANTILES, strongestInteraction } from '../math/statistics.ts';
import { LARGE_GAP, shareOf } from '../math/waterfall.ts';
import './agreement.ts';
import type { Loaded } from './loaded.ts';
import { reportFacts, runFacts, type Fact } from './facts.ts';
import type { Shared } from './report.ts';
import { targetName, type Selection } from './selection.ts';

const TOPS = ['5', '10', '20', '50'];
const DRAWN_ROWS = 200; // of heat map and decision lines
const DRAWN_POINTS = 20_000; // of a feature
const LISTED_FAILURES = 10; // the others are behind a click
const LISTED_FACTS = 6; // of one name

const swarmNote =
  'A point is a row; its colour is the row’s own value of the feature, from the 5th to the 95th percentile; ' +
  'categories have a colour each; grey is for no value.';
const dependenceNote =
  'Value against attribution. The colour is a second feature; the automatic choice is the one whose ranks go best ' +
  'with what the first leaves unexplained.';

@customElement('wl-overview')
export class Overview extends LitElement {
  @property({ attribute: false }) data!: Loaded;
  @property({ attribute: false }) selection!: Selection;
  @property({ attribute: false }) shared!: Shared;
  @state() private settled = false; // The first picture does not wait for what is below it.
  private readonly kept = new Map<string, unknown>(); // of this selection

  static override styles = [
    base,
    sections,
    css`
      .facts {
        columns: 2 24rem;
        column-gap: 3rem;
        font-size: 0.9rem;
      }
      .facts > div {
        display: grid;
        grid-template-columns: minmax(6.5rem, 9rem) 1fr;
        gap: 1rem;
        padding: 0.45rem 0;
        border-bottom: 1px solid var(--faint);
        break-inside: avoid;
        align-items: baseline;
      }
      dt {
        color: var(--soft);
        overflow-wrap: anywhere;
      }
      dd {
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      details.more {
        margin-top: 0.6rem;
        font-size: 0.9rem;
      }
      details.more > summary {
        color: var(--soft);
        width: fit-content;
      }
      .remarks {
        display: grid;
        gap: 0.5rem;
        padding: 0;
        margin: 0;
        list-style: none;
      }
      .remarks li {
        padding: 0.6rem 0.9rem;
        border-radius: 6px;
        border-left: 3px solid var(--caution);
        background: var(--caution-wash);
        font-size: 0.9rem;
        overflow-wrap: anywhere;
        break-inside: avoid;
      }
      .remarks li.bad {
        border-color: var(--alarm);
        background: var(--alarm-wash);
      }
      .remarks .rule {
        font-family: var(--mono);
        font-size: 0.82rem;
        color: var(--caution);
      }
      .remarks .bad .rule {
        color: var(--alarm);
      }
      .remarks .where {
        display: block;
        color: var(--soft);
        font-size: 0.82rem;
      }
      .lead {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 1rem;
      }
      .lead label {
        font-size: 0.86rem;
        color: var(--soft);
      }
      .lead select {
        color: var(--ink);
      }
      .bad-text {
        color: var(--alarm);
        font-weight: 600;
        margin: -0.5rem 0 1rem;
      }
      @media print {
        section {
          margin-top: 1.6rem;
        }
        h2 {
          break-after: avoid;
        }
      }
    `,
  ];

  override render(): TemplateResult {
    const s = this.selection;
    return html`
      ${this.facts()} ${this.remarks()}
      ${
        s.explanations.length === 0
          ? html`<section>
              <h2>Nothing to draw</h2>
              <p>No row was explained for this output and class.</p>
            </section>`
          : s.features.length === 0
            ? html`<section>
                <h2>Nothing to draw</h2>
                <p>No feature ${this.shared.state.q ? `matches “${this.shared.state.q}”` : 'has attributions'}.</p>
              </section>`
            : html`${this.importance()} ${this.settled ? html`${this.dependence()} ${this.distribution()}` : nothing}`
      }
      ${this.settled && s.explanations.length ? html`${this.errors()} ${this.agreement()} ${this.rows()}` : nothing}
    `;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('selection')) this.kept.clear();
  }

  // Made once for a selection, so that charts whose data stay are not drawn again.
  private keep<T>(key: string, make: () => T): T {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key) as T;
  }

  protected override firstUpdated(): void {
    requestAnimationFrame(() => setTimeout(() => (this.settled = true)));
  }

  private facts(): TemplateResult {
    const { report } = this.data;
    const [first, ...more] = report.runs;
    return html`<section>
      <h2>What was explained, and how</h2>
      ${factList([...reportFacts(report), ...(first ? runFacts(first) : [])])}
      ${
        more.length
          ? html`<p class="text" style="margin-top:1rem">
                Answers were made in ${report.runs.length} different ways; above stands the first.
              </p>
              ${more.slice(0, 8).map(
                (run, i) =>
                  html`<details>
                    <summary>Way ${i + 2}</summary>
                    ${factList(runFacts(run))}
                  </details>`,
              )}`
          : nothing
      }
    </section>`;
  }

  private remarks(): TemplateResult | typeof nothing {
    const { warnings, failures, failureCount } = this.data.report;
    if (!warnings.length && !failureCount) return nothing;
    const unlisted = failureCount - failures.length;
    const failure = (f: { line: number; message: string }) =>
      html`<span class="where">line ${f.line}: ${f.message}</span>`;
    const links = ({ rows, count }: { rows: number[]; count: number }) => [
      rows.map((r, i) => html`${i ? ', ' : ': '}<a href=${this.shared.rowLink(r)}>${r}</a>`),
      rows.length && count > rows.length ? ' …' : nothing,
    ];
    return html`<section>
      <h2>Remarks</h2>
      <ul class="remarks">
        ${
          failureCount
            ? html`<li class="bad">
                <span class="rule">failed</span> ${plural(failureCount, 'row')} could not be explained
                ${failures.slice(0, LISTED_FAILURES).map(failure)}
                ${
                  failures.length > LISTED_FAILURES
                    ? html`<details>
                        <summary>${failures.length - LISTED_FAILURES} more</summary>
                        ${failures.slice(LISTED_FAILURES).map(failure)}
                      </details>`
                    : nothing
                }
                ${
                  unlisted > 0
                    ? html`<span class="where">and ${count(unlisted)} that are not listed here</span>`
                    : nothing
                }
              </li>`
            : nothing
        }
        ${warnings.map(
          (w) =>
            html`<li>
              <span class="rule">${w.rule}</span> ${w.message}
              <span class="where">${plural(w.count, 'row')}${links(w)}</span>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  private get top(): number {
    return Number(this.shared.state.top) || 10;
  }

  // Of very many rows every k-th is drawn.
  private get stride(): number {
    return Math.ceil(this.selection.explanations.length / DRAWN_POINTS);
  }

  private get strideNote(): string {
    return this.stride > 1 ? ` Drawn: one row in ${this.stride}.` : '';
  }

  private thin(x: ArrayLike<number>): ArrayLike<number> {
    const { stride } = this;
    return stride > 1 ? Float64Array.from({ length: Math.ceil(x.length / stride) }, (_, i) => x[i * stride]) : x;
  }

  private rowNumbers(): ArrayLike<number> {
    return this.keep('row numbers', () => this.thin(this.selection.of(this.data.row)));
  }

  private swarmOf(feature: number): Column {
    return this.keep(`swarm ${feature}`, () => {
      const values = this.selection.values(feature);
      return {
        name: this.data.report.features[feature].name,
        totals: this.thin(this.selection.totals(feature)),
        values: values && this.thin(values.numbers),
        dictionary: values?.dictionary ?? null,
      };
    });
  }

  private importance(): TemplateResult {
    const s = this.selection;
    const summaries = this.keep('summaries', () => s.features.map((f) => s.summaries.get(f)!));
    const zero = summaries.every((f) => f.meanAbs === 0);
    const bars = this.shared.tableOf('importance');
    const swarm = this.shared.tableOf('swarm');
    return html`<section>
      <div class="lead">
        <h2>Which features count</h2>
        <label class="control"
          >Show
          <select @change=${(e: Event) => this.change({ top: (e.target as HTMLSelectElement).value })}>
            ${[...TOPS, '1000'].map(
              (n) =>
                html`<option value=${n} ?selected=${this.shared.state.top === n}>${n === '1000' ? 'all' : n}</option>`,
            )}
          </select>
        </label>
      </div>
      ${zero ? html`<p class="text">No attribution: every one of them is 0.</p>` : nothing}
      <div class="pair">
        <wl-global-bars
          name="importance"
          heading="Mean size of attributions"
          note=${globalNote}
          .features=${summaries}
          .limit=${this.top}
          .given=${bars}
        ></wl-global-bars>
        <wl-beeswarm
          name="swarm"
          heading="Attributions of every row"
          note="${swarmNote}${this.strideNote}"
          .features=${this.keep(`swarms ${this.top}`, () => s.features.slice(0, this.top).map((f) => this.swarmOf(f)))}
          .rows=${this.rowNumbers()}
          .rowLink=${this.shared.rowLink}
          .given=${swarm}
        ></wl-beeswarm>
      </div>
    </section>`;
  }

  private change(value: Record<string, string>): void {
    this.dispatchEvent(new CustomEvent('wl-change', { detail: { name: '', value }, bubbles: true, composed: true }));
  }

  private dependence(): TemplateResult | typeof nothing {
    const s = this.selection;
    const { features } = this.data.report;
    const able = s.features.filter((f) => this.data.values(f));
    if (!able.length) return nothing;
    const { x, hue } = this.shared.state;
    const feature = able.find((f) => String(f) === x) ?? able[0];
    const seconds = features.map((_, i) => i).filter((i) => i !== feature && this.data.values(i));
    const automatic = this.interaction(feature, seconds);
    const second = hue === 'none' ? -1 : (seconds.find((f) => String(f) === hue) ?? automatic);
    const names = (list: number[]) => list.map((f): [string, string] => [String(f), features[f].name]);
    const t = this.shared.tableOf('dependence');
    return html`<section>
      <h2>How a value moves the score</h2>
      <wl-dependence
        name="dependence"
        heading="Dependence on ${features[feature].name}"
        note="${dependenceNote}${this.strideNote}"
        .feature=${this.swarmOf(feature)}
        .second=${second >= 0 ? this.swarmOf(second) : null}
        .rows=${this.rowNumbers()}
        .rowLink=${this.shared.rowLink}
        .choices=${this.keep(`choices ${feature}`, () => ({
          features: names(able),
          seconds: [
            ['', automatic >= 0 ? `automatic: ${features[automatic].name}` : 'automatic: none'],
            ['none', 'none'],
            ...names(seconds),
          ],
        }))}
        .chosen=${this.keep(`chosen ${feature} ${hue}`, () => ({ feature: String(feature), second: hue }))}
        @wl-choose=${(e: CustomEvent) => this.chooseDependence(e)}
        .given=${t}
      ></wl-dependence>
    </section>`;
  }

  private chooseDependence(event: CustomEvent): void {
    event.stopPropagation();
    const { feature, second } = event.detail.value;
    this.change(feature !== undefined ? { x: feature, hue: '' } : { hue: second });
  }

  // Codes of categories have an order only if there are two of them.
  private interaction(feature: number, seconds: number[]): number {
    return this.keep(`interaction ${feature}`, () => {
      const candidates = seconds.map((f) => {
        const v = this.selection.values(f);
        return v && (!v.dictionary || v.dictionary.length === 2) ? v.numbers : null;
      });
      const x = this.selection.values(feature)!.numbers;
      return seconds[strongestInteraction(x, this.selection.totals(feature), candidates)] ?? -1;
    });
  }

  private distribution(): TemplateResult {
    const s = this.selection;
    const t = this.shared.tableOf('distribution');
    const data = this.keep('distribution', (): TableOf => ({
      columns: [
        { label: 'feature' },
        ...QUANTILES.map((q) => ({ label: `${100 * q} %`, form: 'signed' as const })),
        { label: 'mean', form: 'signed' },
        { label: 'mean |total|', form: 'number' },
      ],
      rows: s.features.map((f) => {
        const { name, quantiles, mean, meanAbs } = s.summaries.get(f)!;
        return [name, ...quantiles, mean, meanAbs];
      }),
    }));
    return html`<section>
      <h2>Distribution of attributions</h2>
      <wl-table
        name="distribution"
        caption="Distribution of attributions"
        .data=${data}
        .sort=${t.sort}
        .page=${t.page}
      ></wl-table>
    </section>`;
  }

  private errorOf(e: number): number {
    const { error, score, baselineScore, sum } = this.data;
    if (!Number.isNaN(error[e])) return error[e];
    return shareOf(score[e] - baselineScore[e] - sum[e], score[e] - baselineScore[e]);
  }

  private errors(): TemplateResult {
    const errors = this.keep('errors', () => this.selection.explanations.map((e) => this.errorOf(e)));
    const large = errors.filter((x) => x > LARGE_GAP).length;
    const unsettled = this.selection.explanations.filter((e) => this.data.converged[e] === 0).length;
    const t = this.shared.tableOf('errors');
    return html`<section>
      <h2>Can the numbers be trusted</h2>
      ${
        large
          ? html`<p class="bad-text">
              ${plural(large, 'explanation')} of ${count(errors.length)} ${large === 1 ? 'misses' : 'miss'} more than
              ${percent(LARGE_GAP)} of F(x) − F(b): raise steps or paths.
            </p>`
          : nothing
      }
      ${
        unsettled
          ? html`<p class="text">
              ${plural(unsettled, 'explanation')} did not reach the tolerance with the points allowed.
            </p>`
          : nothing
      }
      <wl-errors
        name="errors"
        heading="Approximation error"
        note="In per cent of F(x) − F(b), as each answer says it. Attributions add up to the difference but for this."
        .errors=${errors}
        .given=${t}
      ></wl-errors>
    </section>`;
  }

  private agreement(): TemplateResult {
    const { data, selection, shared } = this;
    return html`<wl-agreement .data=${data} .selection=${selection} .shared=${shared}></wl-agreement>`;
  }

  private rowTable(): TableOf {
    const s = this.selection;
    const { data } = this;
    const { features, targets, sources } = data.report;
    const strongest = s.explanations.map((e) => {
      let best = -1;
      let size = 0;
      for (const f of s.features) {
        const a = Math.abs(data.totals(f)[e]);
        if (a > size) [best, size] = [f, a];
      }
      return best;
    });
    const several = targets.length > 1;
    return {
      columns: [
        { label: 'row', form: 'row' },
        ...(sources.length === 1 ? [{ label: 'line', form: 'count' as const }] : []),
        ...(several ? [{ label: 'output and class' }] : []),
        { label: 'F(b)', form: 'number' },
        { label: 'F(x)', form: 'number' },
        { label: 'sum', form: 'signed' },
        { label: 'error', form: 'percent', alarm: (x) => typeof x === 'number' && x > LARGE_GAP },
        { label: 'strongest feature' },
        { label: 'its attribution', form: 'signed' },
      ],
      rows: s.explanations.map((e, i) => [
        data.row[e],
        ...(sources.length === 1 ? [data.line[data.row[e]] ?? null] : []),
        ...(several ? [targetName(targets[data.target[e]])] : []),
        data.baselineScore[e],
        data.score[e],
        data.sum[e],
        this.errorOf(e),
        strongest[i] < 0 ? null : features[strongest[i]].name,
        strongest[i] < 0 ? null : data.totals(strongest[i])[e],
      ]),
    };
  }

  private rows(): TemplateResult {
    const s = this.selection;
    const t = this.shared.tableOf('rows');
    return html`<section>
      <h2>Row by row</h2>
      ${s.features.length ? this.matrices() : nothing}
      <wl-table
        name="rows"
        caption="Rows"
        .data=${this.keep('rows', () => this.rowTable())}
        .sort=${t.sort}
        .page=${t.page}
        .rowLink=${this.shared.rowLink}
      ></wl-table>
    </section>`;
  }

  // Rows by F(x); of many every k-th, so that low and high ones are there.
  private drawnRows(): number[] {
    const { explanations } = this.selection;
    const order = explanations
      .map((_, i) => i)
      .sort((a, b) => this.data.score[explanations[a]] - this.data.score[explanations[b]]);
    if (order.length <= DRAWN_ROWS) return order;
    return Array.from({ length: DRAWN_ROWS }, (_, i) => order[Math.round((i * (order.length - 1)) / (DRAWN_ROWS - 1))]);
  }

  private matrix() {
    const s = this.selection;
    const { data } = this;
    const drawn = this.drawnRows().map((i) => s.explanations[i]);
    const features = s.features.slice(0, this.top);
    const totals = drawn.map((e) => Float64Array.from(features, (f) => data.totals(f)[e]));
    return {
      names: features.map((f) => data.report.features[f].name),
      totals,
      rest: drawn.map((e, i) =>
        Number.isNaN(data.sum[e]) ? 0 : data.sum[e] - totals[i].reduce((a, b) => a + (b || 0), 0),
      ),
      others: s.summaries.size - features.length,
      scores: drawn.map((e) => data.score[e]),
      baselines: drawn.map((e) => data.baselineScore[e]),
      rows: drawn.map((e) => data.row[e]),
    };
  }

  private matrices(): TemplateResult {
    const s = this.selection;
    const m = this.keep(`matrices ${this.top}`, () => this.matrix());
    const drawn = m.rows;
    const some =
      drawn.length < s.explanations.length
        ? ` ${drawn.length} of ${count(s.explanations.length)} rows, evenly by F(x).`
        : '';
    const heat = this.shared.tableOf('heat');
    const lines = this.shared.tableOf('lines');
    return html`<div class="pair" style="margin-bottom:2rem">
      <wl-heat-map
        name="heat"
        heading="Rows by features"
        note="Each column a row, F(x) above it.${some}"
        .names=${m.names}
        .totals=${m.totals}
        .scores=${m.scores}
        .rows=${m.rows}
        .order=${this.shared.state.order}
        .rowLink=${this.shared.rowLink}
        .given=${heat}
      ></wl-heat-map>
      <wl-decisions
        name="lines"
        heading="From F(b) to F(x)"
        note="A line is a row; it takes the features one after the other, the strongest last.${some}"
        .names=${m.names}
        .totals=${m.totals}
        .rest=${m.rest}
        .others=${m.others}
        .baselines=${m.baselines}
        .scores=${m.scores}
        .rows=${m.rows}
        .rowLink=${this.shared.rowLink}
        .given=${lines}
      ></wl-decisions>
    </div>`;
  }
}

// Of many facts of one name, such as the baselines of many inputs, the last are behind a click.
function factList(facts: Fact[]): TemplateResult {
  const nth = (fact: Fact) => facts.filter(([name]) => name === fact[0]).indexOf(fact);
  const folded = facts.filter((f) => nth(f) >= LISTED_FACTS);
  const list = (some: Fact[]) =>
    html`<dl class="facts">
      ${some.map(
        ([name, text]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${text}</dd>
          </div>`,
      )}
    </dl>`;
  if (!folded.length) return list(facts);
  const names = [...new Set(folded.map(([name]) => name))];
  const counts = names
    .map((n) => plural(folded.filter(([name]) => name === n).length, `more ${n.toLowerCase()}`))
    .join(', ');
  return html`${list(facts.filter((f) => !folded.includes(f)))}
    <details class="more">
      <summary>${counts}</summary>
      ${list(folded)}
    </details>`;
}
