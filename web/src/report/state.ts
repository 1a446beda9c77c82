// What a reader has chosen, kept in the address behind `#`, so that copying the address shares the view.

const DEFAULTS = {
  row: '', // a row's number; '' for all of them
  target: '', // a target's number; '' for the first of each row
  q: '', // name filter of features
  top: '10', // features in the charts
  x: '', // dependence: feature
  hue: '', // dependence: second feature
  order: 'score', // heat map: score or similarity
  map: 'pink-green', // or orange-blue
  curve: 'root', // or linear
  scale: 'all', // colours of one row: its own greatest ('row') or the greatest of all rows
  pair: '', // two files whose explanations are compared, `0.1`
  theme: 'auto', // light, dark
  open: '', // tables that are open, by chart
  sort: '', // sorted tables: `name.column.down`
  page: '', // pages of tables: `name.number`
  view: 'overlay', // picture: picture, overlay, both, area or the name of a further one
  text: 'token', // or word, where tokens are pieces
  opacity: '100', // of the overlay, in per cent
  area: '10', // regions of a picture, in per cent
};
export type Key = keyof typeof DEFAULTS;
export type State = Record<Key, string>;
export type Change = Partial<State>;

export function parseHash(hash: string): State {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const state = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS) as Key[]) state[key] = given.get(key) ?? DEFAULTS[key];
  return state;
}

// Only what differs from the defaults.
export function toHash(state: State): string {
  const out = new URLSearchParams();
  for (const key of Object.keys(DEFAULTS) as Key[]) if (state[key] !== DEFAULTS[key]) out.set(key, state[key]);
  return `#${out}`;
}

// Lists of `name...` in one key: the entry of one name.
export function entryOf(list: string, name: string): string[] | null {
  const found = list.split(',').find((e) => e.split('.')[0] === name);
  return found ? found.split('.').slice(1) : null;
}

export function withEntry(list: string, name: string, rest: string[] | null): string {
  const others = list.split(',').filter((e) => e && e.split('.')[0] !== name);
  return [...others, ...(rest ? [[name, ...rest].join('.')] : [])].join(',');
}
