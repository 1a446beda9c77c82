// Opens reports as a reader does, from a file, and fails on whatever they ask of a network or say in the console.
import { mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import type axe from 'axe-core';
import { SAMPLES, write } from './make_report.ts';

export { expect };

const axeScript = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const written = new Map<string, string>();

function sample(name: string): string {
  let path = written.get(name);
  if (!path) {
    path = join(mkdtempSync(join(tmpdir(), 'report-')), `${name}.html`);
    write(path, SAMPLES[name]());
    written.set(name, path);
  }
  return path;
}

interface Fixtures {
  refused: RegExp[]; // What a test expects the console to say.
  open: (name: string, hash?: string) => Promise<void>;
}

export const test = base.extend<Fixtures>({
  refused: async ({}, use) => use([]),
  // `name` is one of SAMPLES, or a path.
  open: async ({ page, refused }, use) => {
    const wrong: string[] = [];
    page.on('request', (r) => /^(file|data|blob):/.test(r.url()) || wrong.push(`request of ${r.url()}`));
    page.on('pageerror', (e) => wrong.push(e.stack ?? e.message));
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && wrong.push(m.text()));
    await use(async (name, hash = '') => {
      await page.goto(pathToFileURL(name in SAMPLES ? sample(name) : name).href + hash);
      await expect(page.locator('wl-report h1')).toBeVisible();
    });
    expect(wrong.filter((w) => !refused.some((r) => r.test(w)))).toEqual([]);
  },
});

export async function violations(page: Page): Promise<string[]> {
  // The page's policy forbids a script element, not what the debugger evaluates.
  await page.evaluate(readFileSync(axeScript, 'utf8'));
  const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return found.violations.map(
    (v) =>
      `${v.id}: ${v.nodes
        .map((n) => n.target.join(' '))
        .slice(0, 3)
        .join('; ')}`,
  );
}

// Opens the table behind a chart and reads it: the cells of its body.
export async function tableOf(chart: Locator): Promise<string[][]> {
  const details = chart.locator('figure > details');
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
  const rows = chart.locator('wl-table tbody tr');
  await expect(rows.first()).toBeVisible();
  return rows.evaluateAll((all) => all.map((r) => [...r.children].map((c) => c.textContent!.trim())));
}
