// Reports made up for tests: always the same numbers, every kind of feature, and the cases that break pages.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import type { Elements, Feature, Picture, Report, RowDetail, Tokens, Values } from '../src/report/data.ts';

export interface Made {
  report: Report;
  details: RowDetail[];
}

const built = process.env.WHYLIGHT_REPORT_PAGE;
export const REPORT_PAGE = built ? pathToFileURL(built) : new URL('../dist/report.html', import.meta.url);

const base64 = (array: Float32Array | Float64Array | Uint32Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
const f64 = (x: Iterable<number>) => ({ f64: base64(Float64Array.from(x)) });
const f32 = (x: Iterable<number>) => ({ f32: base64(Float32Array.from(x)) });
const u32 = (x: Iterable<number>) => ({ u32: base64(Uint32Array.from(x)) });

// As the program does it: the data in place of the comment, `<` escaped.
export function fill({ report, details }: Made, page = readFileSync(REPORT_PAGE, 'utf8')): string {
  const safe = (text: string) => text.replaceAll('<', '\\u003c');
  const lines = details.map((d) => safe(JSON.stringify(d))).join('\n');
  const blocks =
    `<script type="application/json" id="whylight-report">${safe(JSON.stringify(report))}</script>\n` +
    `<script type="text/plain" id="whylight-details">${lines}</script>`;
  return page.replace('<!-- whylight-data -->', () => blocks);
}

export function write(path: string, made: Made): void {
  writeFileSync(path, fill(made));
}

// Numerical Recipes' generator; [0, 1).
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

// RGB, 8 bit, no filter.
export function png(width: number, height: number, pixel: (x: number, y: number) => number[]): string {
  const raw = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) raw.set(pixel(x, y), y * (1 + 3 * width) + 1 + 3 * x);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const file = Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${file.toString('base64')}`;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export const RUN = {
  version: '0.1.0',
  signature: 'xai_model',
  preprocess: 'xai_preprocess',
  reason: 'key xai_model, behind xai_preprocess',
  method: 'integrated-gradients',
  steps: 'auto',
  tolerance: 0.01,
  maxSteps: 255,
  baselines: { age: '38 (--baseline median)', text: 'zeros (default)' },
};

interface Explanation {
  row: number;
  target: number;
  run?: number;
  score: number;
  baselineScore: number;
  totals: number[]; // in the order of the features; NaN: none
  error?: number;
  converged?: number;
  elements?: Record<string, Elements>;
  standardErrors?: Record<string, number>;
}

interface Parts {
  title: string;
  features: Feature[];
  values: Values[];
  rows: number;
  explanations: Explanation[];
  rest?: Partial<Report>;
}

export function assemble({ title, features, values, rows, explanations, rest }: Parts): Made {
  const sum = (e: Explanation) => e.totals.reduce((s, t) => s + (Number.isNaN(t) ? 0 : t), 0);
  const gap = (e: Explanation) => Math.abs(e.score - e.baselineScore - sum(e));
  const error = (e: Explanation) => e.error ?? (gap(e) < 1e-12 ? 0 : gap(e) / Math.abs(e.score - e.baselineScore));
  const report: Report = {
    format: 1,
    title,
    created: '2026-01-02T03:04:05Z',
    whylight: '0.1.0',
    sources: [{ name: 'explanations.jsonl', rows }],
    runs: [RUN],
    features,
    targets: [{ output: 'score', index: [], label: '' }],
    explanations: {
      row: u32(explanations.map((e) => e.row)),
      run: u32(explanations.map((e) => e.run ?? 0)),
      target: u32(explanations.map((e) => e.target)),
      score: f64(explanations.map((e) => e.score)),
      baselineScore: f64(explanations.map((e) => e.baselineScore)),
      error: f64(explanations.map(error)),
      sum: f64(explanations.map(sum)),
      converged: u32(explanations.map((e) => e.converged ?? 1)),
    },
    totals: features.map((_, f) => f32(explanations.map((e) => e.totals[f]))),
    values,
    rows: { count: rows, total: rows, line: u32(Array.from({ length: rows }, (_, i) => i + 1)) },
    warnings: [],
    failures: [],
    failureCount: 0,
    ...rest,
  };
  const details = Array.from({ length: rows }, (_, row): RowDetail => {
    const own = explanations.filter((e) => e.row === row);
    return {
      prediction: own.map((e) => e.score),
      explanations: own.map((e) => ({ elements: e.elements ?? {}, standardErrors: e.standardErrors })),
    };
  });
  return { report, details };
}

const total = (e: Elements): number => {
  if (e.kind === 'image') return e.scale.sum;
  return e.attributions.reduce((s, a) => s + a, 0);
};

const WORDS = 'the film was not good but the <b>music</b> kept me in my seat until the very last and best scene'.split(
  ' ',
);
const JOBS = ['clerk', 'nurse', 'cook', 'pilot'];

function picture(row: number): Picture {
  const size = 48;
  const rank = (x: number, y: number) => (x < 12 && y < 12 ? 0 : x < 24 && y < 24 ? 1 : y < 24 ? 2 : 3);
  const shade = (x: number, y: number) => [5 * x, 5 * y, 120 + 20 * (row % 3)];
  const hot = (x: number, y: number) => (rank(x, y) === 0 ? [77, 180, 60] : shade(x, y).map((c) => c * 0.7));
  return {
    kind: 'image',
    width: size,
    height: size,
    picture: png(size, size, shade),
    overlay: png(size, size, hot),
    overlays: [{ name: 'regions', url: png(size, size, (x, y) => [60 * rank(x, y), 80, 90]) }],
    scale: { lo: 0.001, hi: 0.02, highlighted: 0.0625, sum: 0.12, share: 0.4321 },
    map: {
      columns: 4,
      rows: 4,
      f32: f32(Array.from({ length: 16 }, (_, i) => (i === 0 ? 0.05 : i === 1 ? -0.01 : 0.002))).f32,
    },
    regions: {
      ranks: png(size, size, (x, y) => [0, 0, rank(x, y)]),
      list: [
        { rank: 0, area: 0.0625, attribution: 0.5, x: 6, y: 6 },
        { rank: 1, area: 0.1875, attribution: 0.25, x: 15, y: 15 },
        { rank: 2, area: 0.25, attribution: 0.15, x: 36, y: 12 },
        { rank: 3, area: 0.5, attribution: 0.1, x: 24, y: 36 },
      ],
    },
  };
}

// Every kind of feature, two classes, remarks, failures, a row without a gap and one with a large one.
export function mixed(rows = 40): Made {
  const next = random(7);
  const features: Feature[] = [
    { name: 'age', kind: 'number' },
    { name: 'job', kind: 'category' },
    { name: 'measures', kind: 'vector', elements: ['width', 'height', 'weight'] },
    { name: 'signal', kind: 'vector' },
    { name: 'text', kind: 'tokens' },
    { name: 'photo', kind: 'image' },
    { name: 'blob', kind: 'opaque' },
    { name: 'map', kind: 'vector' },
  ];
  const age = Array.from({ length: rows }, (_, i) => (i === 3 ? NaN : Math.round(20 + 50 * next())));
  const job = Array.from({ length: rows }, (_, i) => (i === 4 ? 0xffffffff : Math.floor(4 * next())));
  const explanations: Explanation[] = [];
  for (let row = 0; row < rows; row++) {
    const years = Number.isNaN(age[row]) ? 40 : age[row];
    for (let target = 0; target < (row === 5 ? 1 : 2); target++) {
      const sign = target ? -1 : 1;
      const measures = [0.01 * next(), -0.02 * next(), 0.03 * next()].map((v) => sign * v);
      const steps = 24;
      const wave = (s: number, c: number) => Math.sin((s + row) / (3 + 2 * c));
      const signal = Array.from({ length: steps * 2 }, (_, i) => wave(Math.floor(i / 2), i % 2));
      const elements: Record<string, Elements> = {
        measures: { kind: 'vector', values: [1.5, 20 + row, 300], attributions: measures, shape: [3] },
        signal: {
          kind: 'vector',
          values: signal,
          attributions: signal.map((v, i) => (sign * 0.004 * v * (i % 7)) / 3),
          shape: [steps, 2],
        },
        text: {
          kind: 'tokens',
          tokens: WORDS,
          attributions: WORDS.map((w) => sign * (w === 'not' ? -0.15 : w === 'best' ? 0.2 : 0.02 * (next() - 0.5))),
        },
        photo: picture(row),
        // A picture's attributions without the picture.
        map: {
          kind: 'vector',
          values: null,
          attributions: Array.from({ length: 48 }, (_, i) => (sign * (i % 5)) / 1e4),
          shape: [4, 4, 3],
        },
      };
      const totals = [
        sign * 0.004 * (years - 40) * (job[row] === 2 ? 2 : 1),
        sign * [0.05, -0.03, 0.01, 0][Math.min(job[row], 3)],
        ...['measures', 'signal', 'text', 'photo'].map((f) => total(elements[f])),
        row % 2 ? NaN : 0.001,
        total(elements.map),
      ];
      const difference = totals.reduce((s, t) => s + (Number.isNaN(t) ? 0 : t), 0);
      const gap = row === 1 ? 0.12 * difference : row === 0 ? 0 : 1e-4 * difference;
      explanations.push({
        row,
        target,
        baselineScore: target ? 0.8 : 0.2,
        score: row === 6 ? NaN : (target ? 0.8 : 0.2) + difference + gap,
        totals,
        error: row === 2 ? NaN : undefined,
        converged: row === 1 ? 0 : 1,
        elements,
        standardErrors: row === 0 ? { age: 0.01, job: 0.002 } : undefined,
      });
    }
  }
  return assemble({
    title: 'Reviews & people <script>alert(1)</script>',
    features,
    values: [f64(age), { codes: base64(Uint32Array.from(job)), dictionary: JOBS }, null, null, null, null, null, null],
    rows,
    explanations,
    rest: {
      targets: [
        { output: 'classes', index: [1], label: 'good' },
        { output: 'classes', index: [0], label: 'bad' },
      ],
      rows: { count: rows, total: 5 * rows, line: u32(Array.from({ length: rows }, (_, i) => 5 * i + 1)) },
      warnings: [
        {
          rule: 'zero-baseline',
          message: 'the baseline of text is zeros, which nobody chose',
          count: rows,
          rows: [0, 1, 2],
        },
        { rule: 'not-converged', message: 'the tolerance was not reached with 255 points', count: 1, rows: [1] },
      ],
      failures: [{ line: 17, message: 'instances[16].age: expected a number, got "old"' }],
      failureCount: 3,
    },
  });
}

// Section by section the same shapes: rows of numbers whose attribution is weight times value.
export function numbers(rows: number, columns: number, weight = (f: number) => 1 / (f + 1), title = 'Numbers'): Made {
  const next = random(rows + columns);
  const x = Array.from({ length: columns }, () => Float64Array.from({ length: rows }, () => next() - 0.5));
  const explanations = Array.from({ length: rows }, (_, row): Explanation => {
    const totals = x.map((c, f) => weight(f) * c[row] * (f === 0 ? 1 + x[Math.min(1, columns - 1)][row] : 1));
    const difference = totals.reduce((s, t) => s + t, 0);
    return { row, target: 0, baselineScore: 0.5, score: 0.5 + difference, totals };
  });
  const made = assemble({
    title,
    features: x.map((_, f) => ({ name: `feature_${f}`, kind: 'number' as const })),
    values: x.map((c) => f64(c)),
    rows,
    explanations: rows > 1000 ? [] : explanations,
  });
  return rows > 1000 ? many(made, x, explanations) : made;
}

// assemble() looks for each row's explanations among all of them; here they are known.
function many(made: Made, x: Float64Array[], explanations: Explanation[]): Made {
  const columns = assemble({ title: '', features: made.report.features, values: [], rows: 0, explanations }).report;
  const details = explanations.map((e) => ({ prediction: e.score, explanations: [{ elements: {} }] }));
  const { features, values, rows, title } = made.report;
  return {
    report: { ...columns, title, features, values, rows, sources: [{ name: 'rows.jsonl', rows: x[0].length }] },
    details,
  };
}

// F(b) = 0.2, +0.5, -0.1, +0.05, F(x) = 0.66: a gap of 0.01, which is 2.2 %.
export function workedWaterfall(): Made {
  return assemble({
    title: 'Worked waterfall',
    features: ['p', 'q', 's'].map((name) => ({ name, kind: 'number' as const })),
    values: [f64([1]), f64([2]), f64([NaN])],
    rows: 1,
    explanations: [{ row: 0, target: 0, baselineScore: 0.2, score: 0.66, totals: [0.5, -0.1, 0.05] }],
  });
}

// The same rows explained twice, in two files: row 0 alike, row 1 with the ends exchanged, row 2 of other values, row 3
// of another class.
export function twice(): Made {
  const a = [
    [3, -2, 1],
    [3, -2, 1],
    [3, -2, 1],
    [3, -2, 1],
  ];
  const b = [
    [3, -2, 1],
    [1, -2, 3],
    [1, 1, 1],
    [3, -2, 1],
  ];
  const explanations = [...a, ...b].map((totals, row): Explanation => ({
    row,
    target: row === 7 ? 1 : 0,
    run: row < 4 ? 0 : 1,
    baselineScore: 0,
    score: totals.reduce((s, t) => s + t, 0),
    totals,
  }));
  return assemble({
    title: 'Twice',
    features: ['p', 'q', 's'].map((name) => ({ name, kind: 'number' as const })),
    values: [f64([1, 2, 3, 4, 1, 2, 9, 4]), f64([5, NaN, 7, 8, 5, 6, 7, 8]), null],
    rows: 8,
    explanations,
    rest: {
      sources: ['first.jsonl', 'second.jsonl'].map((name) => ({ name, rows: 4 })),
      runs: [RUN, { ...RUN, method: 'sampled-shapley', paths: 10, steps: undefined }],
      targets: ['score', 'other'].map((output) => ({ output, index: [], label: '' })),
      rows: { count: 8, total: 8, line: u32([1, 2, 3, 4, 1, 2, 3, 4]) },
    },
  });
}

// A long text in pieces of WordPiece, and a short one in words.
export function text(): Made {
  const pieces = 'an un ##believ ##able film , not with ##out charm'.split(' ');
  const long = Array.from({ length: 40 * pieces.length }, (_, i) => pieces[i % pieces.length]);
  const texts = [long, ['a', 'film', '##']].map((tokens, row): Tokens => ({
    kind: 'tokens',
    tokens,
    attributions: tokens.map((t, i) => (t === 'not' ? -0.02 : t === '##able' ? 0.01 : 0.001) * (1 + (i + row) / 500)),
  }));
  return assemble({
    title: 'Texts',
    features: [{ name: 'review', kind: 'tokens' }],
    values: [null],
    rows: 2,
    explanations: texts.map((review, row) => {
      const sum = total(review);
      return { row, target: 0, baselineScore: 0.1, score: 0.1 + sum, totals: [sum], elements: { review } };
    }),
  });
}

function manyBaselines(): Made {
  const made = numbers(5, 9, () => 1, 'Baselines');
  made.report.runs = [{ ...RUN, baselines: Object.fromEntries(made.report.features.map((f, i) => [f.name, i])) }];
  return made;
}

export const SAMPLES: Record<string, () => Made> = {
  mixed: () => mixed(),
  worked: workedWaterfall,
  text,
  twice,
  baselines: manyBaselines,
  'one-row-one-feature': () => numbers(1, 1),
  'all-zero': () => numbers(20, 4, () => 0, 'All zero'),
  wide: () => numbers(30, 300, (f) => Math.sin(f), 'Wide'),
  table: () => numbers(400, 12, (f) => 1 / (f + 1), 'A table'),
  large: () => numbers(10_000, 30, (f) => 1 / (f + 1), 'Large'),
};
