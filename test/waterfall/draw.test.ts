import { describe, expect, it } from 'vitest';
import type { ReadableSpan } from '../../src/waterfall/readable-span.js';
import { drawn } from './drawing.js';
import { CLIENT, newConnection, refused, SERVER, served, span } from './spans.js';

/** A request on a connection that was there, as the attributes alone tell it. */
function reused(): ReadableSpan {
  return span({
    name: 'POST',
    kind: CLIENT,
    end: 20,
    attributes: {
      'http.request.method': 'POST',
      'url.full': 'https://api.example.com/orders',
      'http.response.status_code': 503,
      'error.type': '503',
      'network.protocol.version': '2',
      'network.peer.address': '2001:db8::42',
      'network.peer.port': 443,
      'http.conn.reused': true,
      'httptrace.getconn.duration': 0.0002,
      'httptrace.send.duration': 0.001,
      'httptrace.wait.duration': 0.0148,
      'httptrace.receive.duration': 0.004,
    },
  });
}

describe('a trace is drawn', () => {
  it('with client and server as one tree, a line for each phase and a bar to scale', () => {
    expect(drawn([newConnection(), served()])).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736  0            20 ms        40 ms       60 ms',
      'GET https://localhost:8443/catalog                                                     shop · 200 OK',
      '│ HTTP/1.1                              ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  80.0 ms',
      '├ getconn new connection                ████████████▊                                        20.0 ms',
      '│ ├ dns     localhost → ::1, 127.0.0.1  ▐█▌                                                  3.00 ms',
      '│ ├ connect ✗ ECONNREFUSED · [::1]:8443   ▐▎                                                 1.00 ms',
      '│ ├ connect 127.0.0.1:8443                 █▌                                                2.00 ms',
      '│ └ tls     TLS 1.3 · http/1.1              ▐███████▏                                        12.0 ms',
      '├ send                                              ▕▍                                       1.00 ms',
      '├ wait                                               ▐████████████▏                          20.0 ms',
      '├ receive 48.2 kB                                                 █████████████████████████  39.0 ms',
      '│ └ 103 Early Hints                                               ◆                         +41.0 ms',
      '└ server GET /catalog                                                                 stock · 200 OK',
      '  │ HTTP/1.1 · from 127.0.0.1                         ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸   56.0 ms',
      '  ├ 103 Early Hints                                               ◆                         +18.0 ms',
      '  ├ head 200 OK                                                               ◆             +38.0 ms',
      '  ├ first write                                                               ◆             +38.0 ms',
      '  └ end 48.2 kB                                                                          ◆  +55.0 ms',
    ]);
  });

  it('in 40 columns', () => {
    expect(drawn([newConnection(), served()], { width: 40 })).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736',
      'GET https://local…/catalog shop · 200 OK',
      '│ HTTP/1.1           ━━━━━━━━━━  80.0 ms',
      '├ getconn new conne… ██▌         20.0 ms',
      '│ ├ dns     localho… ▍           3.00 ms',
      '│ ├ connect ✗ ECONN… ▕           1.00 ms',
      '│ ├ connect 127.0.0… ▕           2.00 ms',
      '│ └ tls     TLS 1.3… ▕█▍         12.0 ms',
      '├ send                 ▕         1.00 ms',
      '├ wait                 ▐██▏      20.0 ms',
      '├ receive 48.2 kB         █████  39.0 ms',
      '│ └ 103 Early Hints       ◆     +41.0 ms',
      '└ server GET /catalog     stock · 200 OK',
      '  │ HTTP/1.1 · from…    ━━━━━━━  56.0 ms',
      '  ├ 103 Early Hints       ◆     +18.0 ms',
      '  ├ head 200 OK              ◆  +38.0 ms',
      '  ├ first write              ◆  +38.0 ms',
      '  └ end 48.2 kB               ◆ +55.0 ms',
    ]);
  });

  describe('with long names of services, in 40 columns', () => {
    const SHOP = 'recommendation-service-eu-west';
    const STOCK = '在庫サービス・大阪第二データセンター';
    const lineOf = (lines: string[], start: string): string | undefined =>
      lines.find((line) => line.includes(start));

    it('that leave room for what became of the request', () => {
      const lines = drawn([newConnection({ service: SHOP }), served({ service: STOCK })], { width: 40 });
      expect(lineOf(lines, 'GET https')).toBe('GET https://…atalog recommenda… · 200 OK');
      expect(lineOf(lines, 'server GET')).toBe('└ server GET /c…log 在庫サービ… · 200 OK');
    });

    it('that are seen beside a long answer', () => {
      const attributes = { 'http.response.status_code': 511, 'error.type': '511' };
      const lines = drawn([newConnection({ service: SHOP, attributes }), served()], { width: 40 });
      expect(lineOf(lines, 'GET https')).toBe('GET https://…atalog reco… · 511 Network…');
    });

    it('that are seen beside the long name of a span', () => {
      const names = { name: 'SELECT name FROM books', id: '2', parent: '1', end: 9 };
      const lines = drawn([span({ id: '1', end: 9, service: SHOP }), span({ ...names, service: STOCK })], {
        width: 40,
      });
      expect(lineOf(lines, 'SEL')).toBe('└ SELECT na… · 在庫… ━━━━━━━━━━  9.00 ms');
    });
  });

  it('with what failed, and in which phase', () => {
    expect(drawn([refused()])).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736   0            2 ms        4 ms         6 ms',
      'GET http://127.0.0.1:9/                                                               ✗ ECONNREFUSED',
      '│ total                                  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  8.00 ms',
      '├ getconn                                ██████████████████████████████████████████████████  8.00 ms',
      '│ └ connect ✗ ECONNREFUSED · 127.0.0.1:9       █████████████████████████████████████▊        6.00 ms',
      '└ ✗ ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:9',
    ]);
  });

  it('with the failure of a body that was cut', () => {
    const attributes = { 'error.type': 'UND_ERR_SOCKET', 'httptrace.failed_phase': 'receive' };
    const cut = newConnection({ error: 'other side closed', attributes });
    expect(drawn([cut]).slice(-4)).toEqual([
      '├ wait                                               ▐████████████▏                          20.0 ms',
      '├ receive ✗ UND_ERR_SOCKET · 48.2 kB                              █████████████████████████  39.0 ms',
      '│ └ 103 Early Hints                                               ◆                         +41.0 ms',
      '└ ✗ UND_ERR_SOCKET in receive: other side closed',
    ]);
  });

  it('from attributes alone', () => {
    expect(drawn([reused()])).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736 0            5 ms         10 ms        15 ms',
      'POST https://api.example.com/orders                                          503 Service Unavailable',
      '│ HTTP/2 · [2001:db8::42]:443          ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  20.0 ms',
      '├ getconn reused                       ▌                                                     0.20 ms',
      '├ send                                 ▐██▏                                                  1.00 ms',
      '├ wait                                    ██████████████████████████████████████▋            14.8 ms',
      '└ receive                                                                       ▐██████████  4.00 ms',
    ]);
  });

  it('with the idle time of a reused connection', () => {
    const idle = span({
      name: 'GET',
      kind: CLIENT,
      end: 10,
      attributes: { 'http.request.method': 'GET', 'url.full': 'http://a/', 'http.response.status_code': 200 },
      events: [
        ['http.getconn.start', 0],
        [
          'http.getconn.done',
          1,
          { 'http.conn.reused': true, 'http.conn.wasidle': true, 'http.conn.idletime': 0.0123 },
        ],
      ],
    });
    expect(drawn([idle]).slice(-1)).toEqual([
      '└ getconn reused after 12.3 ms idle    █████▎                                                1.00 ms',
    ]);
  });

  it('with no response', () => {
    const attributes = { 'http.request.method': 'GET', 'url.full': 'http://a/' };
    expect(drawn([span({ name: 'GET', kind: CLIENT, end: 5, attributes })])).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736 0         1 ms       2 ms      3 ms       4 ms',
      'GET http://a/                                                                            no response',
      '  total                                ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  5.00 ms',
    ]);
  });

  it('with a server whose client went away', () => {
    const stream = span({
      name: 'GET /:what',
      kind: SERVER,
      end: 56,
      error: 'aborted',
      attributes: {
        'http.request.method': 'GET',
        'url.path': '/stream',
        'url.query': 'n=1',
        'http.route': '/:what',
        'http.response.status_code': 200,
        'error.type': 'ECONNRESET',
        'httptrace.aborted': true,
      },
      events: [
        ['http.response.head', 8, { 'http.response.status_code': 200 }],
        ['http.response.aborted', 48, { 'http.response.body.size': 12 }],
      ],
    });
    expect(drawn([stream])).toEqual([
      'trace 4bf92f3577b34da6a3ce929d0e0e4736 0                  20 ms             40 ms',
      'server GET /stream?n=1                                          ✗ aborted by the client after 200 OK',
      '│ route /:what                         ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  56.0 ms',
      '├ head 200 OK                                 ◆                                             +8.00 ms',
      '├ aborted 12 B                                                                      ◆       +48.0 ms',
      '└ ✗ ECONNRESET: aborted',
    ]);
  });
});

describe('colours', () => {
  it('mark the phases, the status and what failed', () => {
    expect(drawn([newConnection()], { width: 60, colors: true })).toEqual([
      '\u001b[2mtrace 4bf92f3577b34da6a3ce929d0e0e4736\u001b[22m',
      '\u001b[1mGET https://localhost:8443/catalog\u001b[22m                    \u001b[32m200 OK\u001b[39m',
      '\u001b[2m│ \u001b[22m\u001b[2mHTTP/1.1\u001b[22m                      ━━━━━━━━━━━━━━━━━━━  80.0 ms',
      '\u001b[2m├ \u001b[22m\u001b[90mgetconn \u001b[39mnew connection        \u001b[90m████▊              \u001b[39m  20.0 ms',
      '\u001b[2m│ ├ \u001b[22m\u001b[36mdns     \u001b[39mlocalhost → ::1, 1… \u001b[36m▊                  \u001b[39m  3.00 ms',
      '\u001b[2m│ ├ \u001b[22m\u001b[31mconnect \u001b[39m\u001b[31m✗ ECONNREFUSED · […\u001b[39m \u001b[31m ▎                 \u001b[39m\u001b[31m  1.00 ms\u001b[39m',
      '\u001b[2m│ ├ \u001b[22m\u001b[33mconnect \u001b[39m127.0.0.1:8443      \u001b[33m ▍                 \u001b[39m  2.00 ms',
      '\u001b[2m│ └ \u001b[22m\u001b[35mtls     \u001b[39mTLS 1.3 · http/1.1  \u001b[35m ▐██▌              \u001b[39m  12.0 ms',
      '\u001b[2m├ \u001b[22m\u001b[34msend\u001b[39m                          \u001b[34m    ▕              \u001b[39m  1.00 ms',
      '\u001b[2m├ \u001b[22m\u001b[32mwait\u001b[39m                          \u001b[32m     ████▊         \u001b[39m  20.0 ms',
      '\u001b[2m└ \u001b[22m\u001b[96mreceive \u001b[39m48.2 kB               \u001b[96m         ▕█████████\u001b[39m  39.0 ms',
      '\u001b[2m  └ \u001b[22m103 Early Hints                       ◆         +41.0 ms',
    ]);
  });

  it('take no columns', () => {
    const plain = drawn([newConnection(), served(), refused()]);
    const colored = drawn([newConnection(), served(), refused()], { colors: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is taken off.
    expect(colored.map((line) => line.replace(/\u001b\[\d+m/g, ''))).toEqual(plain);
  });
});
