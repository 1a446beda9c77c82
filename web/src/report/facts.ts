// What was explained and how, in words, from the `whylight` objects of the answers.
import { count, percent, plural, short } from '../math/numbers.ts';
import type { Report, Run } from './data.ts';
import { targetName } from './selection.ts';

export type Fact = [name: string, text: string];

const METHODS: Record<string, string> = {
  'integrated-gradients': 'Integrated Gradients',
  'sampled-shapley': 'Sampled Shapley',
  'kernel-shap': 'KernelSHAP',
  xrai: 'XRAI',
  'blur-ig': 'Blur IG',
  'guided-ig': 'Guided IG',
  smoothgrad: 'SmoothGrad',
  'gradient-x-input': 'Gradient × input',
  'expected-gradients': 'Expected Gradients',
  occlusion: 'Occlusion',
  'grad-cam': 'Grad-CAM',
};

// Members that have a line of their own; the rest is written as it stands.
const KNOWN = new Set([
  'version',
  'method',
  'signature',
  'preprocess',
  'reason',
  'baselines',
  'steps',
  'paths',
  'maxSteps',
  'tolerance',
  'seed',
  'held',
  // A row's own; nothing about how it was made.
  'effort',
  'warnings',
  'regions',
  'pieces',
  'sampling',
]);
const LONGEST = 300;

export function methodName(run: Run): string {
  const key = String(run.method ?? '');
  return METHODS[key] ?? (key || 'unknown method');
}

const words = (x: unknown): string =>
  typeof x === 'string'
    ? x
    : typeof x === 'number'
      ? short(x)
      : Array.isArray(x)
        ? x.map(words).join(', ')
        : JSON.stringify(x);

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text);

// maxSteps -> "max steps".
const spoken = (key: string): string => key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

function effort(run: Run): Fact[] {
  const facts: Fact[] = [];
  const auto = run.steps === 'auto' || run.paths === 'auto';
  if (run.steps !== undefined) {
    const most = auto && run.maxSteps !== undefined ? `, at most ${words(run.maxSteps)}` : '';
    facts.push(['Points', auto ? `as the tolerance needs${most}` : words(run.steps)]);
  }
  if (run.paths !== undefined) facts.push(['Paths', words(run.paths)]);
  if (typeof run.tolerance === 'number') facts.push(['Tolerance', percent(run.tolerance)]);
  return facts;
}

const SOME = 6;

export function some(list: string[], between = ', '): string {
  const shown = list.slice(0, SOME).join(between);
  return list.length > SOME ? `${shown} and ${list.length - SOME} more` : shown;
}

// Inputs that start alike are named together.
function baselines(run: Run): Fact[] {
  if (!run.baselines || typeof run.baselines !== 'object') return [];
  const names = new Map<string, string[]>();
  for (const [name, x] of Object.entries(run.baselines)) names.set(words(x), [...(names.get(words(x)) ?? []), name]);
  return [...names].map(([text, of]) => ['Baseline', `${some(of)}: ${text}`]);
}

// `name (reason)` of each input that was not explained: those of one reason together.
function held(inputs: unknown): string {
  if (!Array.isArray(inputs)) return words(inputs);
  const names = new Map<string, string[]>();
  for (const text of inputs.map(words)) {
    const [, name, reason] = /^(.*?) \((.*)\)$/.exec(text) ?? ['', text, ''];
    names.set(reason, [...(names.get(reason) ?? []), name]);
  }
  return [...names].map(([reason, of]) => `${of.join(', ')}${reason && ` (${reason})`}`).join('; ');
}

export function runFacts(run: Run): Fact[] {
  const facts: Fact[] = [['Method', methodName(run)], ...effort(run)];
  const chain = [run.preprocess, run.signature].filter(Boolean).join(' → ');
  if (chain) facts.push(['Signature', run.reason ? `${chain}: ${run.reason}` : chain]);
  facts.push(...baselines(run));
  if (run.held !== undefined) facts.push(['Held fixed', held(run.held)]);
  facts.push(['Seed', run.seed === undefined ? 'nothing random' : words(run.seed)]);
  for (const [key, x] of Object.entries(run)) {
    if (!KNOWN.has(key)) facts.push([spoken(key).replace(/^./, (c) => c.toUpperCase()), cut(words(x))]);
  }
  return facts;
}

export function rowsText({ rows }: Report): string {
  return rows.count < rows.total
    ? `showing a sample of ${count(rows.count)} of ${count(rows.total)}, drawn with seed 0`
    : count(rows.count);
}

export function reportFacts(report: Report): Fact[] {
  const versions = [...new Set(report.runs.map((r) => r.version).filter(Boolean))].map(String);
  return [
    ['Explained', some(report.targets.map(targetName))],
    ['Rows', rowsText(report)],
    ...report.sources.map((s): Fact => ['File', `${s.name} (${plural(s.rows, 'row')})`]),
    ['Versions', `answers ${versions.join(', ') || '–'}, report ${report.whylight}`],
    ['Made', report.created.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')],
  ];
}
