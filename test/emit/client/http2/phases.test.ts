import { constants } from 'node:http2';
import { describe, expect, it } from 'vitest';
import type { Phases } from '../../../../src/index.js';
import { askHttp2, openSession, resultOf } from '../../../support/clients/http2-sessions.js';
import { CA } from '../../../support/servers/certificates.js';
import { refusedPort } from '../../../support/servers/raw-server.js';
import { streamServer } from '../../../support/servers/stream-server.js';
import { useDrawnSpans } from '../../../support/telemetry/drawn-spans.js';
import type { ShownTree } from '../../../support/telemetry/span-tree.js';

const { record, trees } = useDrawnSpans();

/** A line for each span, further in than what it hangs on: its status if it has one, its events, and where it links to. */
function drawn({ name, status, events, links, children }: ShownTree, indent = ''): string[] {
  const parts = [
    indent + name,
    ...(status === 'UNSET' ? [] : [status]),
    ...events.map((event) => event.replace('http.', '+')),
    ...links.map((link) => `→ ${link}`),
  ];
  return [parts.join(' '), ...children.flatMap((child) => drawn(child, `${indent}  `))];
}

/** What the attributes of the request say of its phases: which had a duration, and which failed or was given up. */
function told({ attributes }: ShownTree): string[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    const [, name, what] = /^httptrace\.(\w+?)(\.duration|_phase)$/.exec(key) ?? [];
    if (name === undefined) {
      return [];
    }
    return [what === '_phase' ? `${name}: ${value}` : name];
  });
}

async function recorded(port: number): Promise<{ attributes: string[]; spans: string[] }> {
  const all = await trees();
  return {
    attributes: all.filter(({ kind }) => kind === 'CLIENT').flatMap(told),
    spans: all.flatMap((tree) => drawn(tree)).map((line) => line.replaceAll(`127.0.0.1:${port}`, 'SERVER')),
  };
}

const GOT_CONN = '+getconn.start +connect.start +connect.done +getconn.done';
const REFUSED = 'ERROR: connect ECONNREFUSED SERVER';
const RESET = 'ERROR: Stream closed with error code NGHTTP2_INTERNAL_ERROR';

describe.each<[Phases, Record<'complete' | 'refused' | 'reset' | 'cancelled', string[]>]>([
  [
    'events',
    {
      complete: [
        'GET +getconn.start +connect.start +connect.done +tls.start +tls.done +getconn.done +send.start +send.done +receive.start +receive.done',
      ],
      refused: [`GET ${REFUSED} ${GOT_CONN}`],
      reset: [`GET ${RESET} ${GOT_CONN} +send.start +send.done`],
      cancelled: [`GET ${GOT_CONN} +send.start +send.done +receive.start`],
    },
  ],
  [
    'attributes',
    {
      complete: ['GET'],
      refused: [`GET ${REFUSED}`],
      reset: [`GET ${RESET}`],
      cancelled: ['GET'],
    },
  ],
  [
    'spans',
    {
      complete: [
        'GET',
        '  http.getconn',
        '    http.connect',
        '    http.tls',
        '  http.send',
        '  http.wait',
        '  http.receive',
      ],
      refused: [`GET ${REFUSED}`, `  http.getconn ${REFUSED}`, `    http.connect ${REFUSED}`],
      reset: [`GET ${RESET}`, '  http.getconn', '    http.connect', '  http.send', `  http.wait ${RESET}`],
      cancelled: [
        'GET',
        '  http.getconn',
        '    http.connect',
        '  http.send',
        '  http.wait',
        '  http.receive',
      ],
    },
  ],
  [
    'linked-spans',
    {
      complete: [
        'HTTP connection_setup SERVER',
        '  socket connect SERVER',
        '  TLS client handshake 127.0.0.1',
        'GET +send.start +send.done +receive.start +receive.done → HTTP connection_setup SERVER',
        '  HTTP wait_for_connection SERVER',
      ],
      refused: [
        `HTTP connection_setup SERVER ${REFUSED}`,
        `  socket connect SERVER ${REFUSED}`,
        `GET ${REFUSED} → HTTP connection_setup SERVER`,
        `  HTTP wait_for_connection SERVER ${REFUSED}`,
      ],
      reset: [
        'HTTP connection_setup SERVER',
        '  socket connect SERVER',
        `GET ${RESET} +send.start +send.done → HTTP connection_setup SERVER`,
        '  HTTP wait_for_connection SERVER',
      ],
      cancelled: [
        'HTTP connection_setup SERVER',
        '  socket connect SERVER',
        'GET +send.start +send.done +receive.start → HTTP connection_setup SERVER',
        '  HTTP wait_for_connection SERVER',
      ],
    },
  ],
])("phases: '%s' of a request over node:http2", (phases, { complete, refused, reset, cancelled }) => {
  it('that is answered', async () => {
    const { origin, port } = await streamServer(undefined, { tls: true });
    record({ phases });
    await askHttp2(openSession(origin, { ca: CA }));
    expect(await recorded(port)).toEqual({
      attributes: ['getconn', 'connect', 'tls', 'send', 'wait', 'receive'],
      spans: complete,
    });
  });

  it('whose session cannot be opened', async () => {
    const port = await refusedPort();
    record({ phases });
    await askHttp2(openSession(`http://127.0.0.1:${port}`));
    expect(await recorded(port)).toEqual({
      attributes: ['getconn', 'connect', 'failed: connect'],
      spans: refused,
    });
  });

  it('that is reset while it waits', async () => {
    const { origin, port } = await streamServer((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    record({ phases });
    await askHttp2(openSession(origin));
    expect(await recorded(port)).toEqual({
      attributes: ['getconn', 'connect', 'send', 'wait', 'failed: wait'],
      spans: reset,
    });
  });

  it('that its caller gives up while it receives', async () => {
    const { origin, port } = await streamServer((stream) => stream.respond({ ':status': 200 }));
    record({ phases });
    const stream = openSession(origin).request();
    stream.on('response', () => stream.close(constants.NGHTTP2_CANCEL));
    await resultOf(stream);
    expect(await recorded(port)).toEqual({
      attributes: ['getconn', 'connect', 'send', 'wait', 'receive', 'cancelled: receive'],
      spans: cancelled,
    });
  });
});
