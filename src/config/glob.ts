// The tokens of a pattern are the codes of its characters, and these:
const ANY_ONE = -1;
const WITHIN = -2;
const ACROSS = -3;
/** Matches the two tokens that follow, or neither. */
const OPTIONAL_PAIR = -4;

/**
 * One pattern. `?` is one character within a segment, `*` any number of characters within a segment, and `**` any number
 * across segments. A `**` that is a whole segment may be absent together with its separator, so `/a/**` matches `/a` too.
 *
 * Matching takes one pass that keeps every possible position in the pattern. A regular expression with several wildcards
 * would go back over the text, as often as the sender of a long path likes.
 */
export class Glob {
  private readonly tokens: readonly number[];
  private readonly separators: string;
  private readonly ends: string;
  private readonly alive: Uint8Array;
  /** The text before the first wildcard. It settles most comparisons. */
  private readonly prefix: string;

  /**
   * @param tokens From `tokenize`.
   * @param separators Characters that end a segment.
   * @param ends Characters that end the text to match.
   */
  constructor(tokens: readonly number[], separators: string, ends = '') {
    this.tokens = tokens;
    this.separators = separators;
    this.ends = ends;
    this.alive = new Uint8Array(tokens.length + 1);
    const wildcard = tokens.findIndex((token) => token < 0);
    const literals = wildcard < 0 ? tokens : tokens.slice(0, wildcard);
    this.prefix = literals.map((code) => String.fromCharCode(code)).join('');
  }

  matches(text: string): boolean {
    if (!text.startsWith(this.prefix)) {
      return false;
    }
    const alive = this.alive;
    alive.fill(0);
    let first = this.prefix.length;
    let last = this.enter(first);
    for (let i = first; i < text.length; i++) {
      const char = text[i] ?? '';
      if (this.ends.includes(char)) {
        break;
      }
      const code = text.charCodeAt(i);
      const separates = this.separators.includes(char);
      const end = last;
      last = -1;
      let next = -1;
      // From right to left, because the positions that are entered belong to the next character.
      for (let at = end; at >= first; at--) {
        if (alive[at] === 0) {
          continue;
        }
        const token = this.tokens[at];
        alive[at] = 0;
        if (token === ACROSS || (token === WITHIN && !separates)) {
          last = Math.max(last, this.enter(at));
          next = at;
        } else if (token === code || (token === ANY_ONE && !separates)) {
          last = Math.max(last, this.enter(at + 1));
          next = at + 1;
        }
      }
      if (next < 0) {
        return false;
      }
      first = next;
    }
    return alive[this.tokens.length] === 1;
  }

  /** Marks a position and all positions that need no further character. Returns the last of them. */
  private enter(at: number): number {
    const tokens = this.tokens;
    const alive = this.alive;
    for (;;) {
      alive[at] = 1;
      const token = tokens[at];
      if (token === ACROSS || token === WITHIN) {
        at += 1;
      } else if (token === OPTIONAL_PAIR) {
        alive[at + 1] = 1;
        if (tokens[at + 1] === ACROSS) {
          alive[at + 2] = 1;
        }
        at += 3;
      } else {
        return at;
      }
    }
  }
}

export function tokenize(pattern: string, separators: string): number[] {
  const text = withoutRepetition(pattern, separators);
  const tokens: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '?') {
      tokens.push(ANY_ONE);
    } else if (char !== '*') {
      tokens.push(text.charCodeAt(i));
    } else if (text[i + 1] !== '*') {
      tokens.push(WITHIN);
    } else {
      const opens = i === 0 || separators.includes(text[i - 1] ?? '');
      while (text[i + 1] === '*') {
        i++;
      }
      const after = text[i + 1];
      if (opens && after !== undefined && separators.includes(after)) {
        tokens.push(OPTIONAL_PAIR, ACROSS, after.charCodeAt(0));
        i++;
      } else if (opens && after === undefined && tokens.length > 0) {
        const separator = tokens.splice(-1);
        tokens.push(OPTIONAL_PAIR, ...separator, ACROSS);
      } else {
        tokens.push(ACROSS);
      }
    }
  }
  return tokens;
}

/** The tokens for an optional separator with any characters of the segment after it. */
export function optional(separator: string): number[] {
  return [OPTIONAL_PAIR, separator.charCodeAt(0), WITHIN];
}

/** Reduces several `**` segments in a row to one. */
function withoutRepetition(pattern: string, separators: string): string {
  const repeated = new RegExp(
    `(^|[${separators}])(?:\\*\\*+[${separators}])+(?=\\*\\*+(?:[${separators}]|$))`,
    'g',
  );
  return pattern.replace(repeated, '$1');
}
