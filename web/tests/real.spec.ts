// What must hold for any report, on one that the program made: WHYLIGHT_REPORT=/path/report.html npm run test:browser
import { readFileSync } from 'node:fs';
import { load } from '../src/report/loaded.ts';
import { waterfall } from '../src/math/waterfall.ts';
import { expect, tableOf, test, violations } from './open.ts';

const path = process.env.WHYLIGHT_REPORT;
// tests/e2e/report_test.py always sets it; without a report there is nothing to hold.
test.skip(!path, 'WHYLIGHT_REPORT is not set');

// The blocks as the page reads them.
function read(file: string) {
  const text = readFileSync(file, 'utf8');
  const block = (id: string) => new RegExp(`<script[^>]* id="${id}"[^>]*>([^<]*)</script>`).exec(text)?.[1];
  const blocks = { 'whylight-report': block('whylight-report'), 'whylight-details': block('whylight-details') };
  const root = {
    getElementById: (id: keyof typeof blocks) => (blocks[id] === undefined ? null : { textContent: blocks[id] }),
  };
  return load(root as unknown as Document)!;
}

test('the data is whole: columns have their lengths, sums their totals, rows their details', () => {
  const data = read(path!);
  const { report } = data;
  const n = data.row.length;
  for (const column of [data.run, data.target, data.score, data.baselineScore, data.error, data.sum, data.converged]) {
    expect(column).toHaveLength(n);
  }
  expect(report.totals).toHaveLength(report.features.length);
  expect(report.values).toHaveLength(report.features.length);
  expect(data.line).toHaveLength(report.rows.count);
  report.features.forEach((f, i) => {
    expect(data.totals(i), f.name).toHaveLength(n);
    const values = data.values(i);
    if (values) expect(values.numbers, f.name).toHaveLength(report.rows.count);
  });
  const wrong: string[] = [];
  const hold = (holds: boolean, what: string) => holds || wrong.push(what);
  for (let e = 0; e < n; e++) {
    let [sum, size] = [0, 0];
    report.features.forEach((_, i) => {
      const total = data.totals(i)[e] || 0;
      sum += total;
      size += Math.abs(total);
    });
    // Totals are 32-bit: each is off by up to 6e-8 of itself.
    // A sum that is missing: the method's attributions need not add up.
    const free = Number.isNaN(data.sum[e]);
    hold(
      free || Math.abs(sum - data.sum[e]) <= 1e-6 * size + 1e-12,
      `explanation ${e}: totals sum to ${sum}, not ${data.sum[e]}`,
    );
    hold(data.row[e] < report.rows.count, `explanation ${e}: row ${data.row[e]} of ${report.rows.count}`);
    hold(data.target[e] < report.targets.length, `explanation ${e}: target ${data.target[e]}`);
    hold(data.run[e] < report.runs.length, `explanation ${e}: run ${data.run[e]}`);
  }
  for (let row = 0; row < report.rows.count; row++) {
    const [said, found] = [data.explanationsOf(row).length, data.detail(row)?.explanations.length];
    hold(said === found, `row ${row}: ${said} explanations, ${found} in the details`);
  }
  expect(wrong.slice(0, 10)).toEqual([]);
});

test('all rows show, without violations', async ({ page, open }) => {
  test.slow();
  const { report } = read(path!);
  await open(path!);
  await expect(page.locator('h1')).toHaveText(report.title);
  const rows = await tableOf(page.locator('wl-global-bars'));
  expect(rows.length).toBeGreaterThan(0);
  for (const cell of rows.flat()) expect(cell).not.toContain('NaN');
  await page.waitForTimeout(300);
  expect(await violations(page)).toEqual([]);
});

test('the first, a middle and the last row show, and their waterfall ends at F(x)', async ({ page, open }) => {
  test.slow();
  const data = read(path!);
  const last = data.report.rows.count - 1;
  await open(path!);
  for (const row of [...new Set([0, last >> 1, last])]) {
    await page.evaluate((r) => (location.hash = `#row=${r}`), row);
    await expect(page.locator('wl-row h2')).toContainText(`Row ${row}`);
    const [e] = data.explanationsOf(row);
    if (e === undefined || [data.score[e], data.baselineScore[e], data.sum[e]].some(Number.isNaN)) continue;
    const parts = data.report.features.map((f, i) => ({ name: f.name, total: data.totals(i)[e] }));
    const { steps } = waterfall(data.baselineScore[e], data.score[e], parts);
    // A gap of half a per cent is not drawn.
    const room = 0.005 * Math.abs(data.score[e] - data.baselineScore[e]) + 1e-6;
    if (steps.length) expect(Math.abs(steps.at(-1)!.to - data.score[e])).toBeLessThanOrEqual(room);
    await expect(page.locator('wl-waterfall svg')).toBeVisible();
    await page.waitForTimeout(300);
    expect(await violations(page)).toEqual([]);
  }
});
