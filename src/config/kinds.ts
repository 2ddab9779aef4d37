import { describe, elementsOf, keysOf, type Report, valueAt } from './foreign.js';
import { didYouMean, nearest } from './suggest.js';

/** A kind of option. It says how a value is read from code and environment, and how it is documented. */
export interface Kind<T> {
  /** The values that are allowed, for the table of options. */
  readonly values: string;
  /** The value; `undefined` if it is of no use, which is reported. `owner` is the object in which it was found. */
  fromCode(value: unknown, report: Report, owner: unknown): T | undefined;
  /** The value of a text that is not blank, as in `fromCode`. Absent if only code can give the value. */
  fromText?(text: string, report: Report): T | undefined;
  /** The value of two that are given in parts; `over` wins. Absent if code replaces the environment. */
  merge?(under: T, over: T): T;
  /** The text of a value, for the table of options. */
  show(value: T): string;
}

/** The names that the config mentions. */
export type Toggles<N extends string> = Partial<Record<N, boolean>>;

const code = (text: string): string => `\`${text}\``;
const codes = (texts: readonly string[]): string => texts.map(code).join(', ');

function readSwitch(value: unknown, report: Report): boolean | undefined {
  if (typeof value === 'boolean') {
    return value;
  }
  report(`expected true or false, got ${describe(value)}`);
  return undefined;
}

export const switchKind: Kind<boolean> = {
  values: '`true`, `false`',
  fromCode: readSwitch,
  fromText(text, report) {
    const lowerCase = text.toLowerCase();
    return lowerCase === 'true' || (lowerCase === 'false' ? false : readSwitch(text, report));
  },
  show: (value) => code(String(value)),
};

export function choiceKind<T extends string>(choices: readonly T[]): Kind<T> {
  const expected = `${choices.slice(0, -1).map(describe).join(', ')} or ${describe(choices.at(-1))}`;
  const choose = (value: unknown, report: Report): T | undefined => {
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) {
      report(`expected ${expected}, got ${describe(value)}`);
    }
    return chosen;
  };
  return {
    values: codes(choices),
    fromCode: choose,
    fromText(text, report) {
      const insensitive = choices.find((choice) => choice === text.toLowerCase());
      return insensitive ?? choose(text, report);
    },
    show: code,
  };
}

/** A function, which only code can give. It is called as a method of the object in which it was found. */
export function functionKind<F>(): Kind<F | undefined> {
  return {
    values: 'a function',
    fromCode(value, report, owner) {
      if (typeof value === 'function') {
        return value.bind(owner) as F;
      }
      report(`expected a function, got ${describe(value)}`);
      return undefined;
    },
    show: () => 'none',
  };
}

/** A kind of element of a list. */
export interface Entry {
  /** The kind in the plural, for the table of options. */
  readonly values: string;
  /** What is wrong with an entry; `undefined` if nothing is. */
  problem(entry: string): string | undefined;
}

/** The elements of a list in a variable. A lone comma is the empty list, because an empty variable counts as unset. */
function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function listKind(entry: Entry): Kind<readonly string[]> {
  const accepts = (element: unknown, report: Report, key?: number): element is string => {
    const isText = typeof element === 'string' && element !== '';
    const problem = isText ? entry.problem(element) : `expected a string, got ${describe(element)}`;
    if (problem !== undefined) {
      report(problem, key);
    }
    return problem === undefined;
  };
  // A list of nothing but mistakes is not taken for an empty list, which would switch off a redaction.
  const unlessAllWrong = (right: string[], given: readonly unknown[]): string[] | undefined =>
    right.length === 0 && given.length > 0 ? undefined : right;
  return {
    values: `list of ${entry.values}`,
    fromCode(value, report) {
      const elements = elementsOf(value, 'an array of strings', report);
      const right = elements?.filter((element, i) => accepts(element, report, i));
      return elements && right && unlessAllWrong(right, elements);
    },
    fromText(text, report) {
      const parts = splitList(text);
      return unlessAllWrong(
        parts.filter((part) => accepts(part, report)),
        parts,
      );
    },
    show: (value) => (value.length === 0 ? 'none' : codes(value)),
  };
}

/** Names that are on or off, each for itself. A variable lists the names that are on, or with `-` those that are off. */
export function togglesKind<N extends string>(defaults: Readonly<Record<N, boolean>>): Kind<Toggles<N>> {
  const isName = (text: string): text is N => Object.hasOwn(defaults, text);
  const names = Object.keys(defaults).filter(isName);
  return {
    values: `list of ${codes(names)}`,
    fromCode(value, report) {
      const toggles: Toggles<N> = {};
      const found = keysOf(value, report);
      for (const key of found?.keys ?? []) {
        if (!isName(key)) {
          report(`unknown key${didYouMean(nearest(key, names))}`, key);
          continue;
        }
        const value = found && valueAt(found.object, key, report);
        const on = value === undefined ? undefined : readSwitch(value, (problem) => report(problem, key));
        if (on !== undefined) {
          toggles[key] = on;
        }
      }
      return toggles;
    },
    fromText(text, report) {
      const parts = splitList(text);
      const removed = parts.filter((part) => part.startsWith('-'));
      if (removed.length > 0 && removed.length < parts.length) {
        report(`mixes names with and without "-", got ${describe(text)}`);
        return undefined;
      }
      const removes = removed.length > 0;
      const listed = parts.map((part) => (removes ? part.slice(1).trim() : part));
      const known = listed.filter(isName);
      for (const name of listed) {
        if (!isName(name)) {
          report(`unknown name ${describe(name)}${didYouMean(nearest(name, names))}`);
        }
      }
      if (known.length === 0 && listed.length > 0) {
        return undefined;
      }
      const toggles: Toggles<N> = {};
      for (const name of removes ? known : names) {
        toggles[name] = !removes && known.includes(name);
      }
      return toggles;
    },
    merge: (under, over) => ({ ...under, ...over }),
    show(value) {
      const shown = { ...defaults, ...value };
      const off = names.filter((name) => !shown[name]);
      if (off.length === 0) {
        return 'all';
      }
      const on = names.filter((name) => shown[name]);
      return off.length < on.length ? `all but ${codes(off)}` : codes(on);
    },
  };
}
