// Beside the character codes of a pattern, its tokens are:
const ANY_ONE = -1;
const WITHIN = -2;
const ACROSS = -3;
/** The two tokens that follow, or none of them. */
const OPTIONAL_PAIR = -4;

/**
 * One pattern: `?` is one character and `*` any number of them within a segment, `**` any number across segments.
 * A `**` that is a whole segment may also be absent, with its separator: `/a/**` is `/a` too.
 *
 * It is matched in one pass that keeps every possible position in the pattern. A regular expression with several
 * wildcards goes back over the text instead, and whoever sends a long path decides how often.
 */
export class Glob {
  private readonly tokens: readonly number[];
  private readonly separators: string;
  private readonly ends: string;
  private readonly alive: Uint8Array;
  /** What stands before the first wildcard, and settles most comparisons. */
  private readonly prefix: string;

  /**
   * @param tokens Of `tokenize`.
   * @param separators What ends a segment, each a single character.
   * @param ends What ends the text that is looked at.
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
      // From right to left: what is entered belongs to the next character.
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

  /** Marks a position, and those that are reached from it without a character. Returns the last of them. */
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

/** A separator and what may follow within a segment; or nothing. */
export function optional(separator: string): number[] {
  return [OPTIONAL_PAIR, separator.charCodeAt(0), WITHIN];
}

/** Several whole segments of two stars in a row are one. */
function withoutRepetition(pattern: string, separators: string): string {
  const repeated = new RegExp(
    `(^|[${separators}])(?:\\*\\*+[${separators}])+(?=\\*\\*+(?:[${separators}]|$))`,
    'g',
  );
  return pattern.replace(repeated, '$1');
}
