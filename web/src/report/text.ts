// A text as it is shown: its tokens, or the words they are pieces of.
import type { Unit } from '../charts/tokens.ts';
import { sumsOf, wordsOf } from '../math/words.ts';
import type { Tokens } from './data.ts';

export interface ShownText {
  unit: Unit;
  tokens: string[];
  attributions: number[];
  pieces: string[] | null; // of each word; null: tokens are no pieces
}

const made = new WeakMap<Tokens, Partial<Record<Unit, ShownText>>>();

// The same object for the same text, so that charts are not drawn again.
export function shownText(of: Tokens, unit: Unit): ShownText {
  const kept = made.get(of) ?? {};
  made.set(of, kept);
  return (kept[unit] ??= make(of, unit));
}

function make(of: Tokens, unit: Unit): ShownText {
  const { tokens, attributions } = of;
  const words = wordsOf(tokens);
  const pieces = words?.map((w) => tokens.slice(w.first, w.last + 1).join(' ')) ?? null;
  if (!words || unit === 'token') return { unit: 'token', tokens, attributions, pieces };
  return { unit, tokens: words.map((w) => w.text), attributions: sumsOf(words, attributions), pieces };
}
