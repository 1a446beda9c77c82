// The data of a report, as the program writes it into the page: <script id="whylight-report"> holds a Report,
// <script id="whylight-details"> a RowDetail a line. `<` is written \u003c in both.

// Base64 of a little-endian array. NaN = missing.
export interface F64 {
  f64: string;
}
export interface F32 {
  f32: string;
}
export interface U32 {
  u32: string;
}

export interface Report {
  format: 1;
  title: string;
  created: string; // ISO 8601, UTC
  whylight: string; // version of the program
  sources: { name: string; rows: number }[];
  runs: Run[]; // what answers say about how they were made, each distinct one once
  features: Feature[];
  targets: Target[]; // distinct (output, class) that were explained
  // One for each row and target: columns of equal length.
  explanations: {
    row: U32;
    run: U32;
    target: U32;
    score: F64; // F(x)
    baselineScore: F64; // F(b)
    error: F64; // approximationError
    sum: F64; // of all attributions; NaN: they need not add up to the difference, so there is no gap
    converged: U32; // 0 no, 1 yes, 2 not said
  };
  totals: F32[]; // for each feature: total(f) of each explanation
  values: Values[]; // for each feature: of each row
  rows: { count: number; total: number; line: U32 }; // count < total: a sample (seed 0); line: 1-based line of the file
  warnings: Warning[];
  failures: { line: number; message: string }[]; // at most 100
  failureCount: number;
}

export interface Target {
  output: string;
  index: number[];
  label: string;
}
export interface Warning {
  rule: string;
  message: string;
  count: number;
  rows: number[]; // at most 20
}
// The `whylight` object of an answer without effort and warnings.
export type Run = Record<string, unknown>;
export type Kind = 'number' | 'category' | 'vector' | 'tokens' | 'image' | 'opaque';
export interface Feature {
  name: string;
  kind: Kind;
  elements?: string[];
}
// codes: base64 of u32, 0xffffffff missing.
export type Values = F64 | { codes: string; dictionary: string[] } | null;

export interface RowDetail {
  prediction: unknown; // as the answer has it; arrays above 1000 numbers cut to the top 20 {index, value}
  // As many as this row has in `explanations`, in order.
  explanations: {
    elements: Record<string, Elements>; // scalars have none
    standardErrors?: Record<string, number>;
  }[];
}
export type Elements = Vector | Tokens | Picture;
// `shape` of the attributions, such as [64, 8]: steps x channels.
export interface Vector {
  kind: 'vector';
  values: number[] | null;
  attributions: number[];
  shape: number[];
}
export interface Tokens {
  kind: 'tokens';
  tokens: string[];
  attributions: number[]; // summed over an embedding axis
}
export interface Picture {
  kind: 'image';
  width: number;
  height: number;
  picture: string; // data: URL, what was shown to the model, 8 bit
  overlay: string; // data: URL, the same size, attribution drawn over it
  overlays?: { name: string; url: string }[]; // further ones, e.g. regions with ranks
  scale: { lo: number; hi: number; highlighted: number; sum: number; share: number };
  map: { columns: number; rows: number; f32: string }; // block sums, at most 32 x 32
  // ranks: data: URL of a PNG, RGB = rank >> 16, rank >> 8, rank; 0 is the best.
  regions?: { ranks: string; list: Region[] };
}
export interface Region {
  rank: number;
  area: number; // share of pixels
  attribution: number; // share
  x: number;
  y: number;
}
