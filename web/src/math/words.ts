// Words of a text whose tokens are pieces: joined by the mark that the tokenizer left.

export interface Word {
  text: string; // without marks
  first: number; // its pieces are first .. last
  last: number;
}

interface Scheme {
  marked: RegExp; // tokens that the mark is on
  joins: (token: string, before: string) => boolean; // whether a token goes on with the word before it
  text: (token: string) => string;
  least?: number; // share of marked tokens below which the mark is taken for a letter
}

// Bytes as GPT-2 writes them: those that print are themselves, the others stand from U+0100 on.
const BYTES: Map<string, number> = (() => {
  const prints = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return new Map(Array.from({ length: 256 }, (_, b) => [String.fromCharCode(prints(b) ? b : next++), b]));
})();

function fromBytes(token: string): string {
  const bytes = [...token].map((c) => BYTES.get(c));
  return bytes.includes(undefined) ? token : new TextDecoder().decode(Uint8Array.from(bytes as number[]));
}

const SCHEMES: Scheme[] = [
  // WordPiece: un ##able
  { marked: /^##\S/, joins: (token) => /^##\S/.test(token), text: (t) => t.replace(/^##(?=\S)/, '') },
  // subword-nmt: un@@ able
  { marked: /\S@@$/, joins: (_, before) => /\S@@$/.test(before), text: (t) => t.replace(/@@$/, '') },
  // CLIP: un able</w>
  { marked: /<\/w>$/, joins: (_, before) => !before.endsWith('</w>'), text: (t) => t.replace(/<\/w>$/, '') },
  // SentencePiece: ▁un able
  { marked: /^▁/, joins: (token) => !token.startsWith('▁'), text: (t) => t.replaceAll('▁', ' ').trimStart() },
  // GPT-2, RoBERTa: Ġun able, a line's end is Ċ. Ġ is also a letter of Maltese.
  {
    marked: /^[ĠĊ]/,
    joins: (token, before) => !/^[ĠĊ]/.test(token) && !before.endsWith('Ċ'),
    text: (t) => fromBytes(t).replace(/^ +/, ''),
    least: 0.1,
  },
];

const special = (token: string): boolean => /^(<\/?[^<>\s]+>|\[[A-Z]+\])$/.test(token);

// null where no token carries a mark, so that tokens are no pieces.
export function wordsOf(tokens: string[]): Word[] | null {
  const uses = SCHEMES.map((s) => tokens.filter((t) => s.marked.test(t)).length);
  const most = Math.max(...uses);
  const scheme = SCHEMES[uses.indexOf(most)];
  if (most === 0 || most < (scheme.least ?? 0) * tokens.length) return null;
  const words: Word[] = [];
  tokens.forEach((token, i) => {
    const alone = special(token);
    const joined = i > 0 && !alone && !special(tokens[i - 1]) && scheme.joins(token, tokens[i - 1]);
    const text = alone ? token : scheme.text(token);
    if (joined) {
      const word = words[words.length - 1];
      word.text += text;
      word.last = i;
    } else words.push({ text, first: i, last: i });
  });
  return words;
}

export function sumsOf(words: Word[], attributions: number[]): number[] {
  return words.map((w) => attributions.slice(w.first, w.last + 1).reduce((s, a) => s + a, 0));
}
