import { attempt, valueAt } from './foreign.js';
import { listOptions, type Option, type PlacedOption } from './options.js';
import { didYouMean, nearest } from './suggest.js';

const PREFIX = 'OTEL_INSTRUMENTATION_HTTPTRACE_';

/**
 * The variable of an option: its path in upper snake case. Each capital letter begins a word.
 *
 * @internal Exported for its tests.
 */
export function variableOf(path: string): string {
  const words = path.replace(/[a-z](?=[A-Z])/g, '$&_').replaceAll('.', '_');
  return PREFIX + words.toUpperCase();
}

/**
 * The variables that give an option. The first that is set wins. A function has none.
 *
 * @internal Exported for its tests.
 */
export function variablesOf({ path, option }: PlacedOption): string[] {
  if (!option.kind.fromText) {
    return [];
  }
  return option.standardVariable ? [variableOf(path), option.standardVariable] : [variableOf(path)];
}

/** The value of an option in the environment; `undefined` if it has none. A variable with a bad value counts as unset. */
export function readVariables<T>(
  path: string,
  option: Option<T>,
  env: object,
  warn: (message: string) => void,
): T | undefined {
  for (const variable of variablesOf({ path, option })) {
    const report = (problem: string): void => warn(`${variable}: ${problem}`);
    const text = valueAt(env, variable, report);
    const trimmed = typeof text === 'string' ? text.trim() : '';
    const value = trimmed === '' ? undefined : option.kind.fromText?.(trimmed, report);
    if (value !== undefined) {
      return value;
    }
  }
  return undefined;
}

/** Warns about variables that carry our prefix and mean nothing. */
export function warnOfUnknownVariables(env: object, warn: (message: string) => void): void {
  const unreadable = (): void => warn('the environment cannot be read');
  const names = attempt(() => Object.keys(env), unreadable) ?? [];
  const ours = names.filter((name) => name.startsWith(PREFIX));
  if (ours.length === 0) {
    return;
  }
  const placed = listOptions();
  const known = new Set(placed.flatMap(variablesOf));
  for (const name of ours.filter((name) => !known.has(name))) {
    if (placed.some(({ path }) => variableOf(path) === name)) {
      warn(`${name}: a function can only be given in code`);
    } else {
      warn(`${name}: unknown variable${didYouMean(nearestVariables(name, [...known]))}`);
    }
  }
}

/** The names most like a mistyped one. They are compared without the long prefix, which makes any two alike. */
function nearestVariables(name: string, known: readonly string[]): string[] {
  const rest = (variable: string): string => variable.slice(PREFIX.length);
  return nearest(rest(name), known.map(rest)).map((suffix) => PREFIX + suffix);
}
