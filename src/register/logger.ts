import { inspect } from 'node:util';
import type { DiagLogger } from '@opentelemetry/api';
import { complain, WHERE_TO_SEND } from './complain.js';

const OWN_PREFIX = /^(?:opentelemetry-instrumentation-)?httptrace: /;
const UNREACHABLE =
  /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|timed out/;
const MOST_KINDS = 100;

/**
 * What OpenTelemetry has to say when `OTEL_LOG_LEVEL` asks for nothing else: each warning and error in one line,
 * once, for an exporter without a collector repeats itself for as long as the program runs.
 */
export class Logger implements DiagLogger {
  private readonly said = new Set<string>();

  error(...args: unknown[]): void {
    const text = args.map(textOf).join(' ');
    if (UNREACHABLE.test(text)) {
      // The exporters of spans, metrics and logs each say it in words of their own.
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
    // Nobody asked.
  }

  debug(): void {
    // Nobody asked.
  }

  verbose(): void {
    // Nobody asked.
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

/** The SDK writes an error as JSON of all that it has. */
function thrownMessage(text: string): string | undefined {
  if (!text.startsWith('{')) {
    return undefined;
  }
  try {
    const { message, code, stack }: Partial<Record<string, string>> = JSON.parse(text);
    return [message, code, stack].find((part) => part !== undefined && part !== '');
  } catch {
    // It only looked like it.
    return undefined;
  }
}
