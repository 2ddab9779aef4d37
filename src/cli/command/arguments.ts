import { parseArgs } from 'node:util';
import { type ListName, OPTION_ENTRIES, type OptionName, type ValueName } from './option-table.js';
import type { DataPart } from './request-data.js';
import { usage } from './values.js';

const DATA_OPTIONS: ReadonlyMap<string, DataPart['kind']> = new Map([
  ['data', 'form'],
  ['data-binary', 'binary'],
  ['data-raw', 'raw'],
]);

/** The given options by name. The last one counts where only one is allowed. */
export class Given {
  readonly data: DataPart[] = [];
  private readonly values = new Map<OptionName, string[]>();

  add(name: OptionName, value = ''): void {
    const kind = DATA_OPTIONS.get(name);
    if (kind !== undefined) {
      this.data.push({ kind, value });
    }
    this.values.set(name, [...(this.values.get(name) ?? []), value]);
  }

  get names(): OptionName[] {
    return [...this.values.keys()];
  }

  has(name: OptionName): boolean {
    return this.values.has(name);
  }

  list(name: ListName): string[] {
    return this.values.get(name) ?? [];
  }

  text(name: ValueName): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  parsed<Value>(name: ValueName, parse: (text: string) => Value): Value | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parse(text);
  }
}

export interface Arguments {
  given: Given;
  urls: string[];
  /** All arguments after `--`. */
  program: readonly string[] | undefined;
}

const PARSED = Object.fromEntries(
  OPTION_ENTRIES.map(({ name, short, value }) => [
    name,
    { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
  ]),
);

/**
 * Splits a command line into options and other arguments.
 *
 * @throws CliError for an unknown option, or one without its value.
 */
export function readArguments(args: readonly string[]): Arguments {
  const given = new Given();
  const urls: string[] = [];
  for (const token of tokensOf(args)) {
    switch (token.kind) {
      case 'option':
        // `parseArgs` refuses any other name.
        given.add(token.name as OptionName, token.value);
        break;
      case 'positional':
        urls.push(token.value);
        break;
      case 'option-terminator':
        return { given, urls, program: args.slice(token.index + 1) };
    }
  }
  return { given, urls, program: undefined };
}

function tokensOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: PARSED, allowPositionals: true, tokens: true }).tokens;
  } catch (error) {
    throw usage(withoutAdvice(error instanceof Error ? error.message : String(error)));
  }
}

/** Node's message without its advice about escaping. */
function withoutAdvice(message: string): string {
  const [first = message] = message.split(/\.(?: |$)|\n/);
  return first.charAt(0).toLowerCase() + first.slice(1);
}
