import { readVariables } from './environment.js';
import { attempt, keysOf, type Report, valueAt } from './foreign.js';
import { type Group, listOptions, Option, type ValuesOf } from './options.js';
import { didYouMean, nearest } from './suggest.js';

type Warn = (message: string) => void;

/** The user's values for a group of options, as far as they can be read. */
interface Given {
  readonly object: object;
  readonly keys: readonly string[];
}

/** Reads one config. Code wins over the environment, which wins over the default. */
export class ConfigReader {
  private readonly env: object;
  private readonly warn: Warn;

  constructor(env: object, warn: Warn) {
    this.env = env;
    this.warn = warn;
  }

  /** The values of a group and of the groups within it. */
  readGroup<G extends Group>(group: G, value: unknown, path = ''): ValuesOf<G> {
    const report = this.reportAt(path);
    const given = value === undefined ? undefined : keysOf(value, report);
    if (given) {
      this.warnOfUnknownKeys(group, given, path);
    }
    const values: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(group)) {
      const memberPath = path === '' ? name : `${path}.${name}`;
      const memberValue = given && valueAt(given.object, name, report);
      values[name] =
        member instanceof Option
          ? this.readOption(member, memberValue, memberPath, given?.object)
          : this.readGroup(member, memberValue, memberPath);
    }
    return values as ValuesOf<G>;
  }

  private readOption<T>(option: Option<T>, value: unknown, path: string, owner: unknown): T {
    const { kind, defaultValue } = option;
    const report = this.reportAt(path);
    const read = (): T | undefined => kind.fromCode(value, report, owner);
    const code = value === undefined ? undefined : attempt(read, () => report('cannot be read'));
    const variable = readVariables(path, option, this.env, this.warn);
    if (code !== undefined && variable !== undefined && kind.merge) {
      return kind.merge(variable, code);
    }
    return code ?? variable ?? defaultValue;
  }

  private warnOfUnknownKeys(group: Group, { keys }: Given, path: string): void {
    const report = this.reportAt(path);
    for (const key of keys.filter((key) => !Object.hasOwn(group, key))) {
      const near = nearest(key, Object.keys(group));
      report(`unknown key${didYouMean(near.length > 0 ? near : pathsEndingIn(key))}`, key);
    }
  }

  private reportAt(path: string): Report {
    return (problem, key) => this.warn(`${placeOf(path, key) || 'config'}: ${problem}`);
  }
}

/** Paths of the options with that name. Other instrumentations have no sides, so users look for options at the top. */
function pathsEndingIn(key: string): string[] {
  const end = `.${key}`.toLowerCase();
  return listOptions()
    .map(({ path }) => path)
    .filter((path) => path.toLowerCase().endsWith(end));
}

/** The place of a key, as it would be written in code. */
function placeOf(path: string, key: string | number | undefined): string {
  if (key === undefined) {
    return path;
  }
  if (typeof key === 'number') {
    return `${path}[${key}]`;
  }
  if (/^[\w$]{1,60}$/.test(key)) {
    return path === '' ? key : `${path}.${key}`;
  }
  return `${path}[${JSON.stringify(key.slice(0, 60))}]`;
}
