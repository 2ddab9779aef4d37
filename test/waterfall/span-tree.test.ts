import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../../src/waterfall/readable-span.js';
import { drawn } from './drawing.js';
import { newConnection, refused, served, span } from './spans.js';

const SETUP_ID = '00000000000000e1';
const SETUP_TRACE = '0af7651916cd43dd8448eb211c80319c';

/** The part of each line left of its bar. */
function labels(lines: string[]): string[] {
  return lines.map((line) => line.replace(/(?<=\S) {2,}.*/, ''));
}

function chain(length: number): ReadableSpan[] {
  const id = (index: number): string => index.toString(16).padStart(16, '0');
  return Array.from({ length }, (_, index) =>
    span({ name: `step ${index}`, id: id(index), ...(index > 0 ? { parent: id(index - 1) } : {}), end: 10 }),
  );
}

describe('the tree', () => {
  it('follows parents, in the order of time, whatever the order in which the spans came', () => {
    const spans = [
      span({ name: 'second', id: '00000000000000a3', parent: '00000000000000a1', start: 5, end: 9 }),
      span({ name: 'leaf', id: '00000000000000a4', parent: '00000000000000a2', start: 2, end: 3 }),
      span({ name: 'first', id: '00000000000000a2', parent: '00000000000000a1', start: 1, end: 4 }),
      span({ name: 'root', id: '00000000000000a1', end: 10 }),
    ];
    expect(labels(drawn(spans)).slice(1)).toEqual(['root', '├ first', '│ └ leaf', '└ second']);
  });

  it('draws a span whose parent is not here as a further root', () => {
    const spans = [
      span({ name: 'root', end: 9 }),
      span({ name: 'late', id: '1', parent: '2', start: 3, end: 4 }),
    ];
    expect(labels(drawn(spans)).slice(1)).toEqual(['root', 'late']);
  });

  it('draws spans that are each other’s ancestors once', () => {
    const spans = [
      span({ name: 'hen', id: '1', parent: '2', start: 0, end: 5 }),
      span({ name: 'egg', id: '2', parent: '1', start: 1, end: 4 }),
      span({ name: 'self', id: '3', parent: '3', start: 2, end: 4 }),
    ];
    expect(labels(drawn(spans)).slice(1)).toEqual(['hen', '└ egg', 'self']);
  });

  it('names a service where it differs from the one above, and none if there is only one', () => {
    const spans = [
      span({ name: 'job', id: '1', end: 9, service: 'shop' }),
      span({ name: 'part', id: '2', parent: '1', end: 9, service: 'shop' }),
      span({ name: 'other part', id: '3', parent: '2', end: 9, service: 'stock' }),
    ];
    expect(labels(drawn(spans)).slice(1)).toEqual(['job · shop', '└ part', '  └ other part · stock']);
    expect(labels(drawn(spans.slice(0, 2))).slice(1)).toEqual(['job', '└ part']);
  });

  it('draws the requests that a server makes among its own events, in the order in which they begin', () => {
    const spans = [
      served({
        id: '1',
        start: 0,
        end: 50,
        events: [
          ['http.response.head', 30],
          ['http.response.end', 40],
        ],
      }),
      span({ name: 'late', id: '2', parent: '1', start: 35, end: 38 }),
      span({ name: 'early', id: '3', parent: '1', start: 5, end: 20 }),
    ];
    expect(labels(drawn(spans)).slice(3)).toEqual(['├ early', '├ head', '├ late', '└ end']);
  });

  it('draws phases that are spans of the request as its phases, and what else hangs there under it', () => {
    const request = { kind: 2, id: '1', end: 60, attributes: { 'http.request.method': 'GET' } };
    const spans = [
      span({ name: 'GET', ...request }),
      span({
        name: 'http.getconn',
        id: '2',
        parent: '1',
        end: 20,
        attributes: { 'http.conn.reused': false },
      }),
      span({
        name: 'http.connect',
        id: '3',
        parent: '2',
        start: 2,
        end: 9,
        error: 'refused',
        attributes: { 'error.type': 'ECONNREFUSED' },
      }),
      span({ name: 'http.connect', id: '4', parent: '2', start: 9, end: 18 }),
      span({ name: 'http.send', id: '5', parent: '1', start: 20, end: 21 }),
      span({ name: 'served', kind: 1, id: '6', parent: '1', start: 22, end: 30 }),
      span({ name: 'somebody’s', id: '7', parent: '2', start: 3, end: 4 }),
      span({ name: 'http.send', id: '8', parent: '6', start: 23, end: 24 }),
    ];
    expect(labels(drawn(spans)).slice(3)).toEqual([
      '├ getconn new connection',
      '│ ├ connect ✗ ECONNREFUSED',
      '│ └ connect',
      '├ send',
      '├ served',
      '│ └ http.send',
      '└ somebody’s',
    ]);
  });

  it('counts the spans and events beyond what anybody reads', () => {
    const lines = drawn(chain(1_000), { width: 60 });
    expect(lines).toHaveLength(202);
    expect(lines.at(-1)).toBe('… and 800 more spans');
    const events = Array.from({ length: 40 }, (_, at): [string, number] => ['tick', at]);
    expect(drawn([span({ name: 'busy', end: 40, events })]).at(-1)).toBe('└ … and 10 more events');
  });
});

describe('links', () => {
  it('are told with the ids that find the other span', () => {
    const here = span({ name: 'here', id: '00000000000000a7', start: 1, end: 2 });
    const linked = span({
      end: 9,
      links: [
        { traceId: SETUP_TRACE, spanId: SETUP_ID },
        { traceId: '', spanId: '00000000000000a7' },
      ],
    });
    expect(drawn([linked, here]).slice(2, 4)).toEqual([
      `├ ↳ linked to trace ${SETUP_TRACE}, span ${SETUP_ID}`,
      '└ ↳ linked to here, span 00000000000000a7',
    ]);
  });

  it('to the set-up of an older connection say so', () => {
    const reused = span({ end: 9, links: [{ traceId: SETUP_TRACE, spanId: SETUP_ID }] });
    expect(drawn([reused], { setups: [SETUP_ID] }).at(-1)).toBe(
      `└ ↳ the connection was set up in trace ${SETUP_TRACE}, span ${SETUP_ID}`,
    );
  });

  it('beyond five are counted', () => {
    const links = Array.from({ length: 9 }, () => ({ traceId: SETUP_TRACE, spanId: SETUP_ID }));
    const lines = drawn([span({ end: 9, links })]);
    expect(lines).toHaveLength(2 + 5 + 1);
    expect(lines.at(-1)).toBe('└ ↳ and 4 more links');
  });

  it('to a dial of the request are drawn as its phases', () => {
    const client = newConnection({ links: [{ traceId: SETUP_TRACE, spanId: SETUP_ID }] });
    const withoutDial = { ...client, events: client.events.filter(({ name }) => /send|receive/.test(name)) };
    const wait = span({
      name: 'HTTP wait_for_connection localhost:8443',
      id: '00000000000000f1',
      parent: '00000000000000c1',
      end: 20,
    });
    const peer = { 'network.peer.address': '127.0.0.1', 'network.peer.port': 8443 };
    const setup = { traceId: SETUP_TRACE, parent: SETUP_ID };
    const dial = [
      span({ ...setup, name: 'DNS lookup localhost', start: 1, end: 4 }),
      span({ ...setup, name: 'socket connect 127.0.0.1:8443', start: 4, end: 7, attributes: peer }),
      span({
        ...setup,
        name: 'TLS client handshake localhost',
        start: 7,
        end: 19,
        attributes: { 'tls.protocol.name': 'tls', 'tls.protocol.version': '1.2' },
      }),
    ];
    const dials = new Map([['00000000000000c1', dial]]);
    expect(drawn([withoutDial, wait], { dials, setups: [SETUP_ID] }).slice(2)).toEqual([
      '│ HTTP/1.1                             ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  80.0 ms',
      '├ getconn                              █████████████                                         20.0 ms',
      '│ ├ dns                                ▐█▋                                                   3.00 ms',
      '│ ├ connect 127.0.0.1:8443               ▐█▌                                                 3.00 ms',
      '│ └ tls     TLS 1.2                        ▐███████▍                                         12.0 ms',
      '├ send                                              ▋                                        1.00 ms',
      '├ wait                                              ▐████████████▋                           20.0 ms',
      '└ receive 48.2 kB                                                ▐█████████████████████████  39.0 ms',
    ]);
  });
});

describe('whatever a name or a URL holds', () => {
  const hostile = '\u001b[2J\u001b]0;owned\u0007\r\nnext line\u202e gnihtemos\u009b5m';
  const wide = '検索サービス🚀👩‍💻🇩🇪한국어ｆｕｌｌ e\u0301\u0301\u0301';
  const spans = [
    newConnection({ attributes: { 'url.full': `http://${hostile}/${wide.repeat(9)}` }, service: wide }),
    served({ service: hostile }),
    refused({ error: `${hostile} ${wide.repeat(20)}`, start: 1, end: 9 }),
    span({ name: wide.repeat(3), id: '1', parent: '00000000000000d1', start: 3, end: 4 }),
    span({
      name: hostile,
      id: '2',
      parent: '1',
      start: 3,
      end: 4,
      events: [
        [hostile, 3],
        [wide, 3],
      ],
    }),
    ...chain(150),
  ];
  const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff01-\uff60]|\p{Emoji_Presentation}/u;
  const NARROWLESS = /[\u0300-\u036f\u200d]/;

  function columns(line: string): number {
    return [...line].reduce((sum, char) => sum + (NARROWLESS.test(char) ? 0 : WIDE.test(char) ? 2 : 1), 0);
  }

  it.each([200, 100, 80, 60, 41, 40, 30, 20, 10, 1])('no line is wider than %i columns', (width) => {
    const lines = drawn(spans, { width });
    expect(Math.max(...lines.map(columns))).toBeLessThanOrEqual(width);
  });

  it('no character of it reaches the terminal that could command it', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there.
    const commands = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
    expect(drawn(spans).filter((line) => commands.test(line))).toEqual([]);
    expect(drawn(spans).join('\n')).toContain('␛[2J␛]0;owned␇');
  });
});
