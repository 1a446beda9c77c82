// Numbers as text: 4 significant digits on the page, full precision in tooltips and exports, a dash for missing.

export const MISSING = '–';
const DIGITS = 4;

// 0.00001235 -> "1.235e-5", 123456 -> "123500", 0.5 -> "0.5".
export function short(x: number | null | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return MISSING;
  if (!Number.isFinite(x)) return x > 0 ? '∞' : '−∞';
  const size = Math.abs(x);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e6)
      ? x.toExponential(DIGITS - 1).replace(/\.?0*e\+?/, 'e')
      : String(Number(x.toPrecision(DIGITS)));
  return text.replaceAll('-', '−');
}

// With its sign: "+0.5", "−0.1", "0".
export function signed(x: number | null | undefined): string {
  const text = short(x);
  return typeof x === 'number' && x > 0 ? `+${text}` : text;
}

// A value of the data: integers below 10 million are names as often as measures (years, codes) and stay whole.
export function value(x: number | null | undefined): string {
  return typeof x === 'number' && Number.isInteger(x) && Math.abs(x) < 1e7 ? count(x).replaceAll(' ', '') : short(x);
}

// A share in per cent: 0.0217 -> "2.17 %".
export function percent(x: number | null | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return MISSING;
  return `${short(100 * x)} %`;
}

// A whole number, its thousands apart: 10000 -> "10 000".
export function count(n: number): string {
  return String(n)
    .replace('-', '−')
    .replace(/\B(?=(\d{3})+(?!\d))/g, ' ');
}

// Every digit that distinguishes the number; nothing for missing.
export function full(x: number | null | undefined): string {
  return x === null || x === undefined || Number.isNaN(x) ? '' : String(x);
}

// The same for a reader: a dash for missing.
export function exact(x: number | null | undefined): string {
  return full(x) || MISSING;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
