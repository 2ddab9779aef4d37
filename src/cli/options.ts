import { parseArgs } from 'node:util';
import { CliError, EXIT } from './exit-code.js';

/** What the command line asks for. */
export interface CliOptions {
  url: URL;
  /** As given with -X; absent if the rest decides. */
  method?: string;
  /** Lines of -H, in their order. */
  headers: string[];
  /** Values of -d, in their order; `@file` not yet read. */
  data: string[];
  insecure: boolean;
  location: boolean;
  head: boolean;
  output?: string;
  maxTimeMs?: number;
  repeat: number;
  http2: boolean;
  family?: 4 | 6;
  json: boolean;
  otlp: boolean;
}

export type Command = { run: 'help' } | { run: 'version' } | { run: 'request'; options: CliOptions };

const OPTIONS = {
  request: { type: 'string', short: 'X' },
  header: { type: 'string', short: 'H', multiple: true },
  data: { type: 'string', short: 'd', multiple: true },
  insecure: { type: 'boolean', short: 'k' },
  location: { type: 'boolean', short: 'L' },
  head: { type: 'boolean', short: 'I' },
  output: { type: 'string', short: 'o' },
  'max-time': { type: 'string' },
  repeat: { type: 'string' },
  http2: { type: 'boolean' },
  ipv4: { type: 'boolean', short: '4' },
  ipv6: { type: 'boolean', short: '6' },
  json: { type: 'boolean' },
  otlp: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/**
 * Reads the arguments of the command line.
 *
 * @throws CliError when they make no sense.
 */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    return { run: 'help' };
  }
  if (values.version === true) {
    return { run: 'version' };
  }
  if (positionals.length !== 1) {
    throw usage(positionals.length === 0 ? 'a URL is missing' : `one URL, please, not ${positionals.length}`);
  }
  const options: CliOptions = {
    url: parseUrl(positionals[0] ?? ''),
    headers: (values.header ?? []).map(checkHeader),
    data: values.data ?? [],
    insecure: values.insecure === true,
    location: values.location === true,
    head: values.head === true,
    repeat: values.repeat === undefined ? 1 : parseRepeat(values.repeat),
    http2: values.http2 === true,
    json: values.json === true,
    otlp: values.otlp === true,
  };
  if (options.head && options.data.length > 0) {
    throw usage('-I asks for a head and -d sends a body: choose one');
  }
  if (options.otlp && options.http2) {
    throw usage('--otlp has no spans for --http2: choose one');
  }
  return { run: 'request', options: withOptional(options, values) };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // Node's message goes on with advice about escaping.
    const message = error instanceof Error ? error.message : String(error);
    const [first = message] = message.split(/[.\n]/);
    throw usage(first.charAt(0).toLowerCase() + first.slice(1));
  }
}

function withOptional(options: CliOptions, values: Values): CliOptions {
  const { request, output, ipv4, ipv6 } = values;
  if (request !== undefined) {
    options.method = checkMethod(request);
  }
  if (output !== undefined) {
    options.output = output;
  }
  if (values['max-time'] !== undefined) {
    options.maxTimeMs = parseMaxTime(values['max-time']);
  }
  if (ipv4 === true && ipv6 === true) {
    throw usage('-4 and -6 exclude each other');
  }
  if (ipv4 === true || ipv6 === true) {
    options.family = ipv4 === true ? 4 : 6;
  }
  return options;
}

function usage(message: string): CliError {
  return new CliError(EXIT.usage, `${message}; see httptrace --help`);
}

/** `a.example:8080/path` is a URL to curl's users; `localhost:8080` would be one with the scheme `localhost:`. */
function parseUrl(text: string): URL {
  const absolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
  if (url === undefined) {
    throw new CliError(EXIT.badUrl, `not a URL: ${text}; give it as https://host/path`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CliError(EXIT.badUrl, `cannot request ${url.protocol} URLs; give one with http: or https:`);
  }
  return url;
}

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

function checkMethod(method: string): string {
  if (!TOKEN.test(method)) {
    throw usage(`not a method: ${method}`);
  }
  return method;
}

function checkHeader(line: string): string {
  const colon = line.indexOf(':');
  if (colon < 1 || !TOKEN.test(line.slice(0, colon)) || /[\r\n\0]/.test(line)) {
    throw usage(`not a header line: ${line}`);
  }
  return line;
}

function parseRepeat(text: string): number {
  const repeat = Number(text);
  if (!Number.isSafeInteger(repeat) || repeat < 1) {
    throw usage(`--repeat takes a whole number from 1 on, not ${text}`);
  }
  return repeat;
}

/** The longest time that a timer of Node takes, in seconds. */
const LONGEST_MAX_TIME = 2_147_483;

function parseMaxTime(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (!(seconds > 0 && seconds <= LONGEST_MAX_TIME)) {
    throw usage(`--max-time takes a number of seconds above 0, not ${text}`);
  }
  return seconds * 1_000;
}
