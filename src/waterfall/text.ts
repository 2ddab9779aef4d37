/** Characters that a terminal could obey or that fool a reader: controls, invisible formats, lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** Used in some scripts and in joined emoji. */
const JOINERS = '\u200c\u200d';
/** Makes the narrow character before it a wide picture. */
const EMOJI_PRESENTATION = '\ufe0f';
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = '\u2421';
const REPLACEMENT = '\ufffd';
const ELLIPSIS = '…';

/** Texts are cut to this many UTF-16 units, because attributes may have any length. */
const LONGEST_TEXT = 2_000;

const segmenter = new Intl.Segmenter();

/** Makes every character visible that a terminal would obey, such as `␛` for the escape character. */
export function sanitize(text: string): string {
  return text.slice(0, LONGEST_TEXT).replace(UNSAFE, visible);
}

function visible(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20) {
    return String.fromCodePoint(CONTROL_PICTURES + code);
  }
  if (code === 0x7f) {
    return DELETE_PICTURE;
  }
  return JOINERS.includes(char) ? char : REPLACEMENT;
}

/** How many columns of a terminal a text takes. */
export function textWidth(text: string): number {
  let width = 0;
  let last = 0;
  for (const char of text) {
    last = char === EMOJI_PRESENTATION && last === 1 ? 1 : charWidth(char);
    width += last;
  }
  return width;
}

/** Cuts a text that is wider than `width` at its end, with an ellipsis. */
export function truncate(text: string, width: number): string {
  return textWidth(text) <= width ? text : head(text, width - 1) + (width > 0 ? ELLIPSIS : '');
}

/** Cuts the middle out of a text that is wider than `width`. The host and the end of a URL tell the most. */
export function truncateMiddle(text: string, width: number): string {
  if (textWidth(text) <= width || width < 3) {
    return truncate(text, width);
  }
  const end = tail(text, Math.floor((width - 1) / 3));
  return head(text, width - 1 - textWidth(end)) + ELLIPSIS + end;
}

/** Breaks a text into lines no wider than `width`, between words where that is possible. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') {
      lines.push(line);
    }
    const pieces = breakWord(word, width);
    line = pieces.pop() ?? '';
    lines.push(...pieces);
  }
  lines.push(line);
  return lines;
}

function breakWord(word: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (textWidth(rest) > width) {
    const piece = head(rest, width);
    if (piece === '') {
      return [...pieces, truncate(rest, width)];
    }
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return [...pieces, rest];
}

/** Fills a text with spaces up to `width`. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** The first characters of a text, as a reader counts them, that fit in `width`. */
function head(text: string, width: number): string {
  return fitting(graphemes(text), width).join('');
}

function tail(text: string, width: number): string {
  return fitting(graphemes(text).reverse(), width).reverse().join('');
}

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function fitting(parts: string[], width: number): string[] {
  let used = 0;
  const end = parts.findIndex((part) => {
    used += textWidth(part);
    return used > width;
  });
  return end === -1 ? parts : parts.slice(0, end);
}

/** First and last code point of each range that a terminal draws two columns wide, emoji aside. */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul initial consonants
  [0x2329, 0x232a],
  [0x2e80, 0x303e], // CJK radicals and punctuation
  [0x3041, 0x33ff], // kana, Bopomofo, squared CJK
  [0x3400, 0x4dbf],
  [0x4dc0, 0xa4cf], // hexagrams, unified ideographs, Yi
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60], // full-width forms
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff], // Tangut, Khitan
  [0x1aff0, 0x1b2ff],
  [0x1d300, 0x1d376],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd], // further ideographs
];

const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]$/u;
const EMOJI = /^[\p{Emoji_Presentation}\p{Emoji_Modifier}\p{Regional_Indicator}]$/u;

/**
 * How many columns one code point takes. Emoji that are joined into one picture are counted one by one, as some terminals
 * draw them. So a line may be shorter than it could be, but never longer.
 */
function charWidth(char: string): 0 | 1 | 2 {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x300) {
    return 1;
  }
  if (ZERO_WIDTH.test(char)) {
    return 0;
  }
  return isWide(code) || EMOJI.test(char) ? 2 : 1;
}

function isWide(code: number): boolean {
  return WIDE_RANGES.some(([first, last]) => code >= first && code <= last);
}
