import { EXIT } from '../exit-code.js';
import { complain, type Printer } from '../output.js';
import type { Outcome } from './outcome.js';
import { type Facts, factsOf, VARIABLES } from './write-out-variables.js';

/** A format of -w, as a list of texts and of variables. */
export type WriteOut = readonly (string | Variable)[];

interface Variable {
  readonly name: string;
  /** The text in the braces of `%header{…}`. */
  readonly argument?: string;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\t': '\t' };
const PART = /%%|%\{[^}]*\}|%header\{[^}]*\}|\\[nrt]/g;

/** Splits a format into texts and variables. */
export function parseWriteOut(format: string): WriteOut {
  const parts: (string | Variable)[] = [];
  let from = 0;
  for (const { 0: part, index } of format.matchAll(PART)) {
    parts.push(format.slice(from, index));
    from = index + part.length;
    if (part === '%%') {
      parts.push('%');
    } else if (part.startsWith('%header')) {
      parts.push({ name: 'header', argument: part.slice('%header{'.length, -1) });
    } else {
      parts.push(ESCAPES[part] ?? { name: part.slice(2, -1) });
    }
  }
  return [...parts, format.slice(from)];
}

/** Prints a format. The part after `%{stderr}` goes to stderr. The part after `%{onerror}` is left out if all went well. */
export function writeOut(format: WriteOut, outcome: Outcome, printer: Printer): void {
  const facts = factsOf(outcome);
  let toStderr = false;
  for (const part of format) {
    if (typeof part !== 'string' && part.name === 'onerror' && facts.exitcode === EXIT.success) {
      return;
    }
    if (typeof part !== 'string' && (part.name === 'stderr' || part.name === 'stdout')) {
      toStderr = part.name === 'stderr';
    } else if (toStderr) {
      process.stderr.write(textOf(part, facts));
    } else {
      printer.write(textOf(part, facts));
    }
  }
}

function textOf(part: string | Variable, facts: Facts): string {
  if (typeof part === 'string') {
    return part;
  }
  const { name, argument } = part;
  if (name === 'onerror') {
    return '';
  }
  if (argument !== undefined) {
    return facts.header(argument);
  }
  const variable = VARIABLES.get(name);
  if (variable === undefined) {
    complain(`unknown variable of -w: ${name}`);
    return '';
  }
  return variable.print(facts);
}
