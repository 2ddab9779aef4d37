import { type Given, readArguments } from './arguments.js';
import type { OptionName } from './option-table.js';
import type { DataPart } from './request-data.js';
import {
  type ConnectTo,
  checkHeader,
  checkMethod,
  parseConnectTo,
  parseCount,
  parseProxy,
  parseResolve,
  parseSeconds,
  parseUrl,
  type Resolve,
  usage,
} from './values.js';

/** What the command line asks for. */
export interface CliOptions {
  url: URL;
  /** The URL as it was typed. */
  urlText: string;
  /** The method of -X; absent if the other options decide. */
  method?: string;
  /** The lines of -H, in their order. */
  headers: string[];
  /** The parts of the body, in their order. Files are not read yet. */
  data: DataPart[];
  /** `user:password` */
  user?: string;
  userAgent?: string;
  compressed: boolean;
  head: boolean;
  location: boolean;
  maxRedirects: number;
  repeat: number;
  connection: ConnectionOptions;
  maxTimeMs?: number;
  include: boolean;
  output?: string;
  fail: boolean;
  /** The format as it was typed. `@FILE` is not read yet. */
  writeOut?: string;
  /** Whether failures are not told. */
  silent: boolean;
  json: boolean;
  otlp: boolean;
}

/** How connections are made. */
export interface ConnectionOptions {
  insecure: boolean;
  /** The PEM file with the authorities to trust. */
  caFile?: string;
  family?: 4 | 6;
  http: 'negotiated' | '1.1' | '2';
  resolve: Resolve[];
  connectTo: ConnectTo[];
  unixSocket?: string;
  /** The proxy; `null` for none, even if the environment names one. */
  proxy?: URL | null;
  proxyUser?: string;
  noProxy?: string;
  timeoutMs?: number;
}

/** A program to run, and what to tell of it. */
export interface ProgramOptions {
  command: string;
  args: readonly string[];
  json: boolean;
  servers: boolean;
}

export type Command =
  | { run: 'help' }
  | { run: 'version' }
  | { run: 'request'; options: CliOptions }
  | { run: 'program'; options: ProgramOptions };

/**
 * Reads the arguments of the command line.
 *
 * @throws CliError if they make no sense.
 */
export function parseCommand(args: readonly string[]): Command {
  const { given, urls, program } = readArguments(args);
  if (given.has('help')) {
    return { run: 'help' };
  }
  if (given.has('version')) {
    return { run: 'version' };
  }
  if (program !== undefined) {
    return { run: 'program', options: programOptions(given, urls, program) };
  }
  if (given.has('servers')) {
    throw usage('--servers goes with a program: httptrace --servers -- node app.js');
  }
  const [url] = urls;
  if (url === undefined || urls.length > 1) {
    throw usage(url === undefined ? 'a URL is missing' : `one URL, please, not ${urls.length}`);
  }
  return { run: 'request', options: requestOptions(given, url) };
}

/** The options that go with a program. All others are for a request only. */
const OF_PROGRAMS: ReadonlySet<OptionName> = new Set(['json', 'servers']);

function programOptions(given: Given, urls: readonly string[], program: readonly string[]): ProgramOptions {
  const foreign = given.names.find((name) => !OF_PROGRAMS.has(name));
  const [command, ...args] = program;
  if (command === undefined) {
    throw usage('a program is missing after --');
  }
  if (urls.length > 0 || foreign !== undefined) {
    throw usage(`${urls[0] ?? `--${foreign}`} does not go with a program`);
  }
  return { command, args, json: given.has('json'), servers: given.has('servers') };
}

function requestOptions(given: Given, urlText: string): CliOptions {
  const head = given.has('head');
  const options: CliOptions = {
    url: parseUrl(urlText),
    urlText,
    headers: given.list('header').map(checkHeader),
    data: given.data,
    compressed: given.has('compressed'),
    head,
    location: given.has('location'),
    maxRedirects: given.parsed('max-redirs', (text) => parseCount('--max-redirs', text, 0)) ?? 20,
    repeat: given.parsed('repeat', (text) => parseCount('--repeat', text, 1)) ?? 1,
    connection: connectionOptions(given),
    include: given.has('include') || head,
    fail: given.has('fail'),
    silent: given.has('silent') && !given.has('show-error'),
    json: given.has('json'),
    otlp: given.has('otlp'),
    ...optional({
      method: given.parsed('request', checkMethod),
      user: given.parsed('user', checkUser),
      userAgent: given.text('user-agent'),
      maxTimeMs: given.parsed('max-time', (text) => parseSeconds('--max-time', text)),
      output: given.text('output'),
      writeOut: given.text('write-out'),
    }),
  };
  if (head && options.data.length > 0) {
    throw usage('-I asks for a head and -d sends a body: choose one');
  }
  if (options.json && options.writeOut !== undefined) {
    throw usage('--json and -w both take the place of the drawing: choose one');
  }
  return options;
}

function connectionOptions(given: Given): ConnectionOptions {
  if (given.has('ipv4') && given.has('ipv6')) {
    throw usage('-4 and -6 exclude each other');
  }
  const http2 = given.has('http2') || given.has('http2-prior-knowledge');
  if (given.has('http1.1') && http2) {
    throw usage('--http1.1 and --http2 exclude each other');
  }
  return {
    insecure: given.has('insecure'),
    http: http2 ? '2' : given.has('http1.1') ? '1.1' : 'negotiated',
    resolve: given.list('resolve').map(parseResolve),
    connectTo: given.list('connect-to').map(parseConnectTo),
    ...(given.has('ipv4') ? { family: 4 } : given.has('ipv6') ? { family: 6 } : {}),
    ...optional({
      caFile: given.text('cacert'),
      unixSocket: given.text('unix-socket'),
      proxy: given.parsed('proxy', parseProxy),
      proxyUser: given.parsed('proxy-user', checkUser),
      noProxy: given.text('noproxy'),
      timeoutMs: given.parsed('connect-timeout', (text) => parseSeconds('--connect-timeout', text)),
    }),
  };
}

function checkUser(text: string): string {
  if (!text.includes(':')) {
    throw usage(`a password is missing: ${text}:PASSWORD`);
  }
  return text;
}

type Optional<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

/** The values without those that are `undefined`. */
function optional<Values extends object>(values: Values): Optional<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Optional<Values>;
}
