// The picture at the top of README.md, made of three reports:
//   node_modules/.bin/vite-node tests/doc_pictures.ts PICTURE.html TEXT.html TABLE.html OUT.png
// (./dev demo writes them to .cache/demo). Look at it before it is committed.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from '@playwright/test';

const WIDTH = 1180;

// A part of a row's page as a data URL.
async function part(browser: Browser, report: string, width: number, selector: string): Promise<string> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, deviceScaleFactor: 2 });
  await page.goto(`${pathToFileURL(report).href}#row=0&scale=row`);
  const element = page.locator(selector).last();
  await element.waitFor();
  await page.waitForTimeout(500);
  const png = await element.screenshot();
  await page.close();
  return `data:image/png;base64,${png.toString('base64')}`;
}

const [picture, text, table, out] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const cards = [
  { title: 'Why “happy”?', url: await part(browser, picture, 900, 'wl-picture svg image'), width: 320 },
  { title: 'Why “Python”?', url: await part(browser, text, 500, 'wl-tokens svg'), width: 370 },
  { title: 'Why “malignant”?', url: await part(browser, table, 1010, 'wl-waterfall svg'), width: 430 },
];
const page = await browser.newPage({ viewport: { width: WIDTH, height: 500 }, deviceScaleFactor: 1.5 });
await page.setContent(`<style>
  body { margin: 0; font: 15px system-ui, sans-serif; background: #fff; color: #1a1d21 }
  main { padding: 18px; display: flex; gap: 24px; align-items: flex-start; justify-content: space-between }
  h2 { font-size: 19px; font-weight: 600; margin: 0 0 10px }
  img { display: block; width: 100% }
</style><main>${cards
  .map((c) => `<section style="width:${c.width}px"><h2>${c.title}</h2><img src="${c.url}"></section>`)
  .join('')}</main>`);
await page.waitForTimeout(300);
writeFileSync(out, await page.locator('main').screenshot());
await browser.close();
