import { EXIT, EXIT_MEANINGS } from '../exit-code.js';
import { OPTION_GROUPS, type OptionEntry } from './option-table.js';

const WIDTH = 80;
const INDENT = 25;

const INTRODUCTION = `Usage: httptrace [options] <url>
       httptrace [--json] [--servers] -- <program> [arguments]

Traces one URL and draws where the time went: waiting for a connection, DNS,
TCP, TLS, sending, waiting for the server, receiving. A URL without a scheme is
taken as http://.

With a program after --, runs it and draws each request that it makes on stderr
as it ends: any Node.js program, its child processes and workers included. The
program is not changed; its output, signals and exit code are its own.
`;

const CONCLUSION = `The drawing is as wide as COLUMNS says, else as the terminal, else 100 columns.
Colours are used in a terminal that has them; NO_COLOR and FORCE_COLOR decide
otherwise. Every field of --json and every variable of -w are in docs/cli.md.

Left to curl: uploads and forms (-T, -F), cookies, .netrc and other ways to
authenticate, client certificates, SOCKS, several URLs, retries, HTTP/3, and all
that is not HTTP.
`;

/** What `--help` prints. */
export function help(): string {
  const groups = Object.entries(OPTION_GROUPS).map(
    ([title, options]) => `${title}\n${options.flatMap(optionLines).join('\n')}\n`,
  );
  return [INTRODUCTION, ...groups, CONCLUSION, exitCodes()].join('\n');
}

/** An option as it is typed, such as `-X, --request METHOD`. */
function optionUsage({ short, name, value }: OptionEntry): string {
  const names = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  return value === undefined ? names : `${names} ${value}`;
}

function optionLines(option: OptionEntry): string[] {
  const usage = `  ${optionUsage(option)}`;
  const text = wrapped(option.help, WIDTH - INDENT).map((line) => `${' '.repeat(INDENT)}${line}`);
  const [first = ''] = text;
  return usage.length < INDENT - 1 ? [usage + first.slice(usage.length), ...text.slice(1)] : [usage, ...text];
}

function exitCodes(): string {
  const lines = Object.entries(EXIT).flatMap(([name, code]) => {
    const meaning = wrapped(EXIT_MEANINGS[name as keyof typeof EXIT], WIDTH - 7);
    return meaning.map((line, index) => `${index === 0 ? String(code).padStart(5) : '     '}  ${line}`);
  });
  return ['Exit code; of several requests, that of the first that did not succeed', ...lines, ''].join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
