import { inspect } from 'node:util';
import type { DiagLogger } from '@opentelemetry/api';
import { complain, WHERE_TO_SEND } from './complain.js';

const OWN_PREFIX = /^(?:opentelemetry-instrumentation-)?httptrace: /;
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|timed out/;
const MOST_KINDS = 100;

/**
 * The logger of OpenTelemetry if `OTEL_LOG_LEVEL` is not set. Each warning and error is one line and comes once, because an
 * exporter without a collector repeats itself for as long as the program runs.
 */
export class Logger implements DiagLogger {
  private readonly said = new Set<string>();

  error(...args: unknown[]): void {
    const text = args.map(textOf).join(' ');
    if (UNREACHABLE.test(text)) {
      // The exporters of spans, metrics and logs say the same in different words.
      this.once('unreachable', `${text}; ${WHERE_TO_SEND}`);
    } else {
      this.once(text, text);
    }
  }

  warn(...args: unknown[]): void {
    const text = args.map(textOf).join(' ');
    this.once(text, text);
  }

  info(): void {
    // Only warnings and errors are told.
  }

  debug(): void {
    // Only warnings and errors are told.
  }

  verbose(): void {
    // Only warnings and errors are told.
  }

  private once(kind: string, line: string): void {
    if (!this.said.has(kind) && this.said.size < MOST_KINDS) {
      this.said.add(kind);
      complain(line.replace(OWN_PREFIX, ''));
    }
  }
}

function textOf(arg: unknown): string {
  if (typeof arg === 'string') {
    return (thrownMessage(arg) ?? arg).split('\n', 1).join();
  }
  return arg instanceof Error ? String(arg) : inspect(arg, { breakLength: Number.POSITIVE_INFINITY });
}

/** The message in an error that the SDK wrote as JSON; `undefined` for any other text. */
function thrownMessage(text: string): string | undefined {
  if (!text.startsWith('{')) {
    return undefined;
  }
  try {
    const { message, code, stack }: Partial<Record<string, string>> = JSON.parse(text);
    return [message, code, stack].find((part) => part !== undefined && part !== '');
  } catch {
    // The text is no JSON.
    return undefined;
  }
}
