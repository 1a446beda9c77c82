// Colours of signed and of unsigned numbers, and the ink that can be read on them.

export type Rgb = readonly [number, number, number];
export type Curve = 'root' | 'linear';
export interface Look {
  dark: boolean;
  alternative: boolean; // for red-green blindness
  curve: Curve;
}
export const PLAIN: Look = { dark: false, alternative: false, curve: 'root' };

const hex = (code: string): Rgb => [0, 2, 4].map((i) => parseInt(code.slice(i, i + 2), 16)) as unknown as Rgb;
const stops = (codes: string): Rgb[] => codes.split(' ').map(hex);

// At -1, -0.8 .. 1. On dark pages lightness falls to the middle instead of rising.
const MAPS = {
  pinkGreen: stops('8e0152 c51b7d de77ae f1b6da fde0ef f7f7f7 e6f5d0 b8e186 7fbc41 4d9221 276419'),
  orangeBlue: stops('7f3b08 b35806 e08214 fdb863 fee0b6 f7f7f7 d1e5f0 92c5de 4393c3 2166ac 053061'),
  pinkGreenDark: stops('fbb4dc f07fc0 d9509f a03a76 5f2f4b 2b2b2b 36481f 4b6f22 68992f 8fc551 c3ea8f'),
  orangeBlueDark: stops('ffd29a fdb05a e08214 a8600f 5c3c18 2b2b2b 1f3a52 245c8a 3a87bf 72b3dd b5dcf5'),
};

// 256 entries of 6 digits.
const VIRIDIS =
  '44015444025645045745055946075a46085c460a5d460b5e470d60470e61471063471164471365481467481668481769' +
  '48186a481a6c481b6d481c6e481d6f481f70482071482173482374482475482576482677482878482979472a7a472c7a' +
  '472d7b472e7c472f7d46307e46327e46337f463480453581453781453882443983443a83443b84433d84433e85423f85' +
  '4240864241864142874144874045884046883f47883f48893e49893e4a893e4c8a3d4d8a3d4e8a3c4f8a3c508b3b518b' +
  '3b528b3a538b3a548c39558c39568c38588c38598c375a8c375b8d365c8d365d8d355e8d355f8d34608d34618d33628d' +
  '33638d32648e32658e31668e31678e31688e30698e306a8e2f6b8e2f6c8e2e6d8e2e6e8e2e6f8e2d708e2d718e2c718e' +
  '2c728e2c738e2b748e2b758e2a768e2a778e2a788e29798e297a8e297b8e287c8e287d8e277e8e277f8e27808e26818e' +
  '26828e26828e25838e25848e25858e24868e24878e23888e23898e238a8d228b8d228c8d228d8d218e8d218f8d21908d' +
  '21918c20928c20928c20938c1f948c1f958b1f968b1f978b1f988b1f998a1f9a8a1e9b8a1e9c891e9d891f9e891f9f88' +
  '1fa0881fa1881fa1871fa28720a38620a48621a58521a68522a78522a88423a98324aa8325ab8225ac8226ad8127ad81' +
  '28ae8029af7f2ab07f2cb17e2db27d2eb37c2fb47c31b57b32b67a34b67935b77937b87838b9773aba763bbb753dbc74' +
  '3fbc7340bd7242be7144bf7046c06f48c16e4ac16d4cc26c4ec36b50c46a52c56954c56856c66758c7655ac8645cc863' +
  '5ec96260ca6063cb5f65cb5e67cc5c69cd5b6ccd5a6ece5870cf5773d05675d05477d1537ad1517cd2507fd34e81d34d' +
  '84d44b86d54989d5488bd6468ed64590d74393d74195d84098d83e9bd93c9dd93ba0da39a2da37a5db36a8db34aadc32' +
  'addc30b0dd2fb2dd2db5de2bb8de29bade28bddf26c0df25c2df23c5e021c8e020cae11fcde11dd0e11cd2e21bd5e21a' +
  'd8e219dae319dde318dfe318e2e418e5e419e7e419eae51aece51befe51cf1e51df4e61ef6e620f8e621fbe723fde725';

export const css = ([r, g, b]: Rgb): string => `rgb(${r}, ${g}, ${b})`;

// sign(a) (|a| / M)^0.5, since most attributions are near zero; or a / M. M = 0 gives 0; beyond M the end.
export function position(a: number, greatest: number, curve: Curve = 'root'): number {
  if (!(greatest > 0) || Number.isNaN(a)) return 0;
  const share = Math.min(1, Math.abs(a) / greatest);
  return Math.sign(a) * (curve === 'root' ? Math.sqrt(share) : share);
}

export function diverging(t: number, look: Look): Rgb {
  const map = MAPS[`${look.alternative ? 'orangeBlue' : 'pinkGreen'}${look.dark ? 'Dark' : ''}`];
  const place = ((Math.min(1, Math.max(-1, t)) + 1) / 2) * (map.length - 1);
  const below = Math.min(Math.floor(place), map.length - 2);
  const share = place - below;
  return map[below].map((c, i) => Math.round(c + share * (map[below + 1][i] - c))) as unknown as Rgb;
}

// The colour of a bar that goes up or down.
export function toneOfSign(a: number, look: Look): Rgb {
  return diverging(Math.sign(a) * (look.dark ? 0.7 : 0.8), look);
}

export function ofSign(a: number, look: Look): string {
  return css(toneOfSign(a, look));
}

// Entry round(255 t) of viridis, t in [0, 1].
export function viridis(t: number): Rgb {
  const entry = Math.round(255 * Math.min(1, Math.max(0, t)));
  return hex(VIRIDIS.slice(6 * entry, 6 * entry + 6));
}

// WCAG 2: relative luminance, contrast.
export function luminance(color: Rgb): number {
  const [r, g, b] = color.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

// The page's own ink while it reaches 4.5 : 1 on the background, else the other one. One of both always does.
export function inkOn(background: Rgb, dark = false): Rgb {
  const [own, other] = dark ? [WHITE, BLACK] : [BLACK, WHITE];
  return contrast(own, background) >= 4.5 ? own : other;
}
