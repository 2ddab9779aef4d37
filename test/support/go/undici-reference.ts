import type { UndiciFlavour } from '../clients/undici-flavours.js';
import { fetchSessions, requestSessions } from '../clients/undici-sessions.js';
import type { GoCall } from './go-reference.js';
import type { Difference, ReferenceClient } from './go-scenarios.js';

const NO_EXPECT = {
  'expect-continue-accepted': 'undici refuses to send `Expect: 100-continue` over HTTP/1.1.',
};
const NO_PROXY = { 'proxy-plain': 'The undici inside Node shows no proxy agent.' };
const NO_INTERCEPTOR = { redirect: 'The undici inside Node shows no interceptors.' };

/** `fetch` and `request` of each undici as clients of Go's scenarios, with what they do in another way. */
export function undiciReferenceClients(flavour: UndiciFlavour): ReferenceClient[] {
  const { installed } = flavour;
  return [
    {
      name: `fetch of ${flavour.name}`,
      open: fetchSessions(flavour),
      cannot: { ...NO_EXPECT, ...(installed === undefined ? NO_PROXY : {}) },
      differences: [fields(FETCH_FIELDS), ALPN, HOP_DIALS],
    },
    {
      name: `request of ${flavour.name}`,
      open: requestSessions(flavour),
      cannot: { ...NO_EXPECT, ...(installed === undefined ? { ...NO_PROXY, ...NO_INTERCEPTOR } : {}) },
      differences: [fields([]), ALPN, ...(installed === undefined ? [] : [HOP_DIALS, HOP_WITHIN_RESPONSE])],
    },
  ];
}

const FETCH_FIELDS = ['accept', 'accept-language', 'sec-fetch-mode', 'user-agent', 'accept-encoding'];

function fields(own: readonly string[]): Difference {
  return {
    reason: 'Each client sends header fields of its own.',
    change: (calls, { name }) => {
      const sent =
        name === 'h2-new-then-reused'
          ? [':authority', ':method', ':path', ':scheme', ...own]
          : name === 'post-body'
            ? ['host', 'connection', ...(own.length > 0 ? ['content-type'] : []), ...own, 'content-length']
            : ['host', 'connection', ...own];
      return calls
        .filter(({ hook }) => hook !== 'WroteHeaderField')
        .flatMap((call) =>
          call.hook === 'GotConn'
            ? [call, ...sent.map((key) => ({ hook: 'WroteHeaderField', args: { key } }))]
            : [call],
        );
    },
  };
}

const ALPN: Difference = {
  reason:
    'undici offers HTTP/1.1 by ALPN, and so the server names it; the client of the reference offered nothing.',
  change: (calls, { name }) =>
    name === 'https-new-then-reused'
      ? calls.map((call) => withArgs(call, 'TLSHandshakeDone', { alpn: 'http/1.1' }))
      : calls,
};

const HOP_DIALS: Difference = {
  reason:
    'undici frees a connection a turn after the response: the next hop follows at once and gets a new one.',
  change: (calls, { name }) =>
    name === 'redirect'
      ? calls.flatMap((call) =>
          call.args?.reused === true
            ? [...dial(calls), { ...call, args: { idleTimePositive: false, reused: false, wasIdle: false } }]
            : [call],
        )
      : calls,
};

const HOP_WITHIN_RESPONSE: Difference = {
  reason: 'The redirect interceptor sends the next hop while the end of the response is handled.',
  change: (calls, { name }) => {
    const put = calls.findIndex(({ hook }) => hook === 'PutIdleConn');
    const [idle, next] = calls.slice(put, put + 2);
    return name !== 'redirect' || idle === undefined || next === undefined
      ? calls
      : [...calls.slice(0, put), next, idle, ...calls.slice(put + 2)];
  },
};

function withArgs(call: GoCall, hook: string, args: GoCall['args']): GoCall {
  return call.hook === hook ? { hook, args: { ...call.args, ...args } } : call;
}

function dial(calls: readonly GoCall[]): GoCall[] {
  const first = calls.findIndex(({ hook }) => hook === 'GotConn');
  return calls.slice(0, first).filter(({ hook }) => hook.startsWith('Connect'));
}
