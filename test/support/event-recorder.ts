import { EventEmitter, once } from 'node:events';
import { type Context, context } from '@opentelemetry/api';
import type {
  ClientTrace,
  ClientTraceHook,
  DNSDoneInfo,
  GotConnInfo,
  TLSConnectionState,
} from '../../src/httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS } from '../../src/httptrace/compose.js';
import { withClientTrace } from '../../src/httptrace.js';

/** One call of a hook. */
export interface RecordedCall {
  readonly hook: ClientTraceHook;
  readonly args: readonly unknown[];
}

/** The connection as it was when a request got it: a socket forgets its port when it is closed. */
export interface ConnAtHand extends GotConnInfo {
  readonly localPort: number | undefined;
}

export function withLocalPort(info: unknown): ConnAtHand {
  const given = info as GotConnInfo;
  return { ...given, localPort: given.conn.localPort };
}

/** Turns the hooks of one request into values. */
export class EventRecorder {
  readonly calls: RecordedCall[] = [];
  readonly trace: ClientTrace = {};
  private readonly called = new EventEmitter();

  /** @param tell Is told of each call as well. */
  constructor(tell?: (call: RecordedCall) => void) {
    for (const hook of CLIENT_TRACE_HOOKS) {
      Object.assign(this.trace, {
        [hook]: (...given: unknown[]) => {
          const args = hook === 'gotConn' ? [withLocalPort(given[0])] : given;
          this.calls.push({ hook, args });
          tell?.({ hook, args });
          this.called.emit(hook, ...given);
        },
      });
    }
  }

  /** The names of the hooks in the order in which they ran, without those of the header fields. */
  get hooks(): ClientTraceHook[] {
    return this.calls.map(({ hook }) => hook).filter((hook) => hook !== 'wroteHeaderField');
  }

  count(hook: ClientTraceHook): number {
    return this.calls.filter((call) => call.hook === hook).length;
  }

  /** The arguments of each call of this hook. */
  all(hook: ClientTraceHook): (readonly unknown[])[] {
    return this.calls.filter((call) => call.hook === hook).map(({ args }) => args);
  }

  /** The arguments of the only call of this hook. */
  only(hook: ClientTraceHook): readonly unknown[] {
    const [args, ...more] = this.all(hook);
    if (args === undefined || more.length > 0) {
      throw new Error(
        `${hook} was called ${more.length + (args === undefined ? 0 : 1)} times: ${this.hooks}`,
      );
    }
    return args;
  }

  get gotConn(): ConnAtHand {
    return this.only('gotConn')[0] as ConnAtHand;
  }

  get dnsDone(): DNSDoneInfo {
    return this.only('dnsDone')[0] as DNSDoneInfo;
  }

  get tlsState(): TLSConnectionState {
    return this.only('tlsHandshakeDone')[0] as TLSConnectionState;
  }

  /** Runs something as soon as the hook is called, inside that call. */
  on(hook: ClientTraceHook, run: (...args: unknown[]) => void): this {
    this.called.once(hook, run);
    return this;
  }

  /** Waits until this hook was called. */
  async until(hook: ClientTraceHook): Promise<void> {
    if (this.count(hook) === 0) {
      await once(this.called, hook);
    }
  }

  /** Makes requests whose hooks are recorded here. */
  run<T>(make: () => T, ctx: Context = context.active()): T {
    return context.with(withClientTrace(ctx, this.trace), make);
  }
}

/** Records the hooks of what `make` requests. */
export function record<T>(make: () => T): { recorder: EventRecorder; result: T } {
  const recorder = new EventRecorder();
  return { recorder, result: recorder.run(make) };
}

/** A failure as its code, or its name if it has none. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
