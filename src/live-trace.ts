import type { Context } from '@opentelemetry/api';
import { context } from './api.js';
import type { ClientTrace, ClientTraceHook } from './httptrace/client-trace.js';
import { CLIENT_TRACE_HOOKS, runHook } from './httptrace/compose.js';
import type { RequestTrace } from './source/request-trace.js';

type Fact = Exclude<keyof RequestTrace, 'countsBodies'>;
type Handler = (...args: unknown[]) => unknown;

/** The facts that a source may tell beyond Go's hooks. */
const FACTS = [
  'made',
  'dialDone',
  'wroteBodyChunk',
  'gotResponse',
  'gotBodyChunk',
  'ended',
  'failed',
] as const satisfies readonly Fact[];

/** How many arguments these hooks of a caller get at most. A source gives a recorder more. */
const MOST_ARGS: ReadonlyMap<ClientTraceHook, number> = new Map([
  ['dnsStart', 1],
  ['gotConn', 1],
  ['tlsHandshakeDone', 2],
  ['wroteHeaders', 0],
]);

/** A caller's trace for one request. Its hooks run in the context of the request, and their errors go no further. */
export function liveTrace(trace: ClientTrace, ctx: Context): RequestTrace {
  const live: Record<string, Handler> = {};
  for (const name of CLIENT_TRACE_HOOKS) {
    if (trace[name] !== undefined) {
      live[name] = (...args) => context.with(ctx, runHook, undefined, trace, name, ofContract(name, args));
    }
  }
  return live;
}

/** One trace that tells `first`, then `second`. A fact that only one of them wants costs no more than that one alone. */
export function joinTraces(first: RequestTrace, second: RequestTrace): RequestTrace {
  const joined: Record<string, Handler | boolean> = {
    countsBodies: first.countsBodies === true || second.countsBodies === true,
  };
  for (const name of [...CLIENT_TRACE_HOOKS, ...FACTS]) {
    const toFirst = handlerOf(first, name);
    const toSecond = handlerOf(second, name);
    if (toFirst !== undefined && toSecond !== undefined) {
      joined[name] = (...args) => {
        const fromFirst = toFirst(...args);
        return toSecond(...args) ?? fromFirst;
      };
    } else if (toFirst !== undefined || toSecond !== undefined) {
      joined[name] = (toFirst ?? toSecond) as Handler;
    }
  }
  return joined;
}

function handlerOf(trace: RequestTrace, name: Fact): Handler | undefined {
  const handler = trace[name] as Handler | undefined;
  return handler?.bind(trace);
}

/** The arguments without those for a recorder. An absent error is left out and not passed as `undefined`. */
function ofContract(name: ClientTraceHook, args: unknown[]): unknown[] {
  const most = MOST_ARGS.get(name);
  const given = most === undefined ? args : args.slice(0, most);
  return given.at(-1) === undefined ? given.slice(0, -1) : given;
}
