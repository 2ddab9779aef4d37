import * as http from 'node:http';
import * as https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import followRedirects from 'follow-redirects';
import { askNode } from '../clients/node-clients.js';
import { CA } from '../servers/certificates.js';
import type { Difference, ReferenceClient, Session, SessionRequest } from './go-scenarios.js';

const NO_HTTP2 = { 'h2-new-then-reused': '`node:http` speaks no HTTP/2.' };

const DIAL = { family: 4, autoSelectFamily: false };

function fields(ofBody: string): Difference {
  return {
    reason: 'Each client sends header fields of its own.',
    change: (calls, { name }) => {
      const sent =
        name === 'post-body'
          ? ['host', 'connection', ofBody]
          : name === 'expect-continue-accepted'
            ? ['expect', 'content-length', 'host', 'connection']
            : ['host', 'connection'];
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

const HOP_DIALS: Difference = {
  reason: 'follow-redirects destroys the response that sent it on, and its connection with it.',
  change: (calls, { name }) => {
    if (name !== 'redirect') {
      return calls;
    }
    const [, ...dial] = calls.slice(
      0,
      calls.findIndex(({ hook }) => hook === 'WroteHeaders'),
    );
    const put = calls.findIndex(({ hook }) => hook === 'PutIdleConn');
    return calls
      .filter((_call, index) => index !== put)
      .flatMap((call) => (call.args?.reused === true ? dial : [call]));
  },
};

/** `node:http` and `node:https` as clients of Go's scenarios, with what they do in another way. */
export const NODE_REFERENCE_CLIENTS: readonly ReferenceClient[] = [
  {
    name: 'node:http',
    open: ({ proxy } = {}) => sessionOf((url, asking) => askNode(...through(proxy, url, asking))),
    cannot: { ...NO_HTTP2, redirect: '`node:http` follows no redirect.' },
    differences: [fields('content-length')],
  },
  {
    name: 'follow-redirects',
    open: ({ proxy } = {}) => sessionOf((url, asking) => askFollowing(...through(proxy, url, asking))),
    cannot: { ...NO_HTTP2, 'expect-continue-accepted': 'It keeps the `continue` of its requests to itself.' },
    differences: [HOP_DIALS, fields('transfer-encoding')],
  },
];

type Asking = SessionRequest & https.RequestOptions;

function sessionOf(ask: (url: string, asking: Asking) => Promise<{ status: number }>): Session {
  const plain = new http.Agent({ keepAlive: true, ...DIAL });
  const secure = new https.Agent({ keepAlive: true, ca: CA, ...DIAL });
  return {
    request: async (url, asking) => {
      const agent = url.startsWith('https:') ? secure : plain;
      const { status } = await ask(url, { ...asking, agent });
      return status;
    },
    close: async () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** A proxy that forwards is sent the whole URL. */
function through(proxy: string | undefined, url: string, asking: Asking): [url: string, asking: Asking] {
  return proxy === undefined ? [url, asking] : [proxy, { ...asking, path: url }];
}

async function askFollowing(url: string, { body, ...options }: Asking): Promise<{ status: number }> {
  const { request } = url.startsWith('https:') ? followRedirects.https : followRedirects.http;
  const status = await new Promise<number>((resolve, reject) => {
    request(url, options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    })
      .on('error', reject)
      .end(body);
  });
  await setImmediate();
  return { status };
}
