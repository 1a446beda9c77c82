import { expect, test } from 'vitest';
import { sumsOf, wordsOf } from './words.ts';

test.each([
  ['WordPiece', '[CLS] un ##believ ##able film ! [SEP]', ['[CLS]', 'unbelievable', 'film', '!', '[SEP]']],
  ['subword-nmt', 'un@@ believ@@ able film', ['unbelievable', 'film']],
  [
    'CLIP',
    '<|startoftext|> un able</w> film</w> <|endoftext|>',
    ['<|startoftext|>', 'unable', 'film', '<|endoftext|>'],
  ],
  ['SentencePiece', '▁un believ able ▁film </s>', ['unbelievable', 'film', '</s>']],
  ['GPT-2', 'un able Ġfilm Ċ The Ġend', ['unable', 'film', '\n', 'The', 'end']],
  ['bytes of GPT-2', 'un Ġcaf Ã© ĠâĤ¬', ['un', 'café', '€']],
])('pieces of %s become words', (_, tokens, words) => {
  expect(wordsOf(tokens.split(' '))!.map((w) => w.text)).toEqual(words);
});

test.each([
  ['no marks', 'a plain text'],
  ['a heading of Markdown', '## Title of the text'],
  ['a Maltese name among words', 'illum iltqajt ma Ġorġ fis suq u tkellimna dwar il film li rajna'],
  ['nothing', ''],
])('%s: tokens are no pieces', (_, tokens) => expect(wordsOf(tokens.split(' '))).toBeNull());

test('a mark at the start of a text joins nothing', () => {
  expect(wordsOf(['##able', 'film'])).toEqual([
    { text: 'able', first: 0, last: 0 },
    { text: 'film', first: 1, last: 1 },
  ]);
});

test('words are the sums of their pieces, so the total stays', () => {
  const tokens = ['[CLS]', 'un', '##able', 'film', '##s'];
  const attributions = [0.5, 0.25, -0.5, 1, 2];
  expect(sumsOf(wordsOf(tokens)!, attributions)).toEqual([0.5, -0.25, 3]);
});
