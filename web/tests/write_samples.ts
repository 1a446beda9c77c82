// Writes the made-up reports beside the built page, to look at: dist/sample-*.html.
import { SAMPLES, write } from './make_report.ts';

for (const [name, make] of Object.entries(SAMPLES)) {
  const path = new URL(`../dist/sample-${name}.html`, import.meta.url);
  write(path.pathname, make());
  console.log(path.pathname);
}
