import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(listener: RequestListener = (_req, res) => void res.end('fine')): Promise<number> {
  return listen(createServer({ maxHeaderSize: 1 << 20 }, listener));
}

/** Sends these bytes, as they are, and gives back all that comes. */
async function send(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(Buffer.from(bytes, 'latin1'));
  return text(socket);
}

/** What the server answers to a request with this target and these headers. */
async function answerTo(target: string, headers: string[], method = 'GET'): Promise<string> {
  const port = await serve();
  return send(port, [`${method} ${target} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n'));
}

const LONG = 'x'.repeat(65_536);

describe('a request is answered as it would be without us, and makes one legal span', () => {
  test.each<[string, string, string[]]>([
    ['a URL of 64 KiB', `/${LONG}`, ['Host: a']],
    ['a query of 64 KiB', `/?${LONG}=${LONG}`, ['Host: a']],
    ['a query of many parameters', `/?${'a=%61&'.repeat(20_000)}`, ['Host: a']],
    ['a path that is no UTF-8', '/%ff%c0%80', ['Host: a']],
    ['a target that looks like another host', '//evil.example/%2e%2e/', ['Host: a']],
    ['a target that is no URL', 'http://[::1/x?y', ['Host: a']],
    ['an asterisk', '*', ['Host: a']],
    ['an open bracket for a host', '/', ['Host: [::1']],
    ['a port out of range', '/', ['Host: a:99999999999']],
    ['a host of 64 KiB', '/', [`Host: ${LONG}`]],
    ['a host of odd characters', '/', ['Host: <script>"\'{}|\\^`']],
    ['an empty host', '/', ['Host:']],
    ['an endless Forwarded header', '/', ['Host: a', `Forwarded: ${'for=;'.repeat(13_000)}`]],
    ['an open quote in Forwarded', '/', ['Host: a', `Forwarded: for="${'\\"'.repeat(30_000)}`]],
    [
      'a Forwarded header that makes no sense',
      '/',
      ['Host: a', 'Forwarded: ;;=,=;for==;"";proto="ht\\tps";host='],
    ],
    ['an X-Forwarded-For of commas', '/', ['Host: a', `X-Forwarded-For: ${','.repeat(60_000)}`]],
    ['a traceparent that is none', '/', ['Host: a', 'traceparent: 00-zz-zz-zz', `tracestate: ${LONG}`]],
    ['baggage that is none', '/', ['Host: a', `baggage: ${'=,;%'.repeat(10_000)}`]],
    [
      'a header named like a property of objects',
      '/',
      ['Host: a', '__proto__: x', 'constructor: y', 'toString: z'],
    ],
  ])('for %s', async (_what, target, headers) => {
    const without = await answerTo(target, headers);
    served.record({ headersToSpanAttributes: { requestHeaders: ['__proto__', 'constructor', 'forwarded'] } });
    const withUs = await answerTo(target, headers);
    expect(withUs.replace(/Date: .*/, '')).toBe(without.replace(/Date: .*/, ''));
    expect(withUs).toContain('fine');
    await served.only();
  });

  test.each(['M-SEARCH', 'PROPFIND', 'SOURCE'])('for the method %s', async (method) => {
    served.record({}, { knownMethods: ['GET'] });
    expect(await answerTo('/', ['Host: a'], method)).toContain('fine');
    const span = await served.only();
    expect(span.name).toBe('HTTP');
    expect(span.attributes['http.request.method_original']).toBe(method);
  });

  test('for any method of HTTP/2', async () => {
    served.record();
    const server = createHttp2Server((_req, res) => res.end('fine'));
    const session = await connectHttp2(await listen(server));
    onTestFinished(() => session.destroy());
    const { body } = await http2Request(session, {
      ':method': "!#$%&'*+-.^_`|~",
      ':path': '/"<>\\',
      host: '[',
    });
    expect(String(body)).toBe('fine');
    expect((await served.only()).attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': "!#$%&'*+-.^_`|~",
    });
  });
});

describe('what Node itself refuses', () => {
  test('never gets here', async () => {
    served.record();
    const port = await serve();
    expect(await send(port, 'GET / HTTP/1.1\r\nHost : a\r\n\r\n')).toContain('400 Bad Request');
    expect(await send(port, 'GET / HTTP/1.1\r\n\r\n')).toContain('400 Bad Request');
    expect(await send(port, '\0\0\0')).toContain('400 Bad Request');
    expect(await served.spans(0)).toEqual([]);
  });

  test('or not, such as raw bytes in a path, it answers as without us', async () => {
    const without = await answerTo('/\xff\xfe', ['Host: a']);
    served.record();
    const withUs = await answerTo('/\xff\xfe', ['Host: a']);
    expect(withUs.replace(/Date: .*/, '')).toBe(without.replace(/Date: .*/, ''));
  });

  test.each([0, 99, 1000, -1, Number.NaN])(
    'as a status, %d, is the very error that it is without us',
    async (code) => {
      const errors: unknown[] = [];
      const listener: RequestListener = (_req, res) => {
        try {
          res.writeHead(code);
        } catch (error) {
          errors.push(error);
        }
        res.end('fine');
      };
      const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
      const without = await send(await serve(listener), request);
      served.record();
      const withUs = await send(await serve(listener), request);
      expect(withUs.replace(/Date: .*/, '')).toBe(without.replace(/Date: .*/, ''));
      expect(errors).toHaveLength(2);
      expect(errors[1]).toMatchObject({ code: 'ERR_HTTP_INVALID_STATUS_CODE', name: 'RangeError' });
      expect(String(errors[1])).toBe(String(errors[0]));
      expect((await served.only()).attributes['http.response.status_code']).toBe(200);
    },
  );

  test('as a header or a chunk is the very error that it is without us', async () => {
    const errors: unknown[] = [];
    const attempt = (run: () => unknown): void => {
      try {
        run();
      } catch (error) {
        errors.push(Reflect.get(Object(error), 'code'));
      }
    };
    served.record();
    const port = await serve((_req, res) => {
      attempt(() => res.setHeader('a b', 'c'));
      attempt(() => res.writeHead(200, { a: 'b\nc' }));
      attempt(() => Reflect.apply(res.write, res, [17]));
      attempt(() => res.writeHead(200).writeHead(200));
      attempt(() => Reflect.apply(res.end, res, [{}]));
      res.end();
    });
    await send(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(errors).toEqual([
      'ERR_INVALID_HTTP_TOKEN',
      'ERR_INVALID_CHAR',
      'ERR_INVALID_ARG_TYPE',
      'ERR_HTTP_HEADERS_SENT',
      'ERR_INVALID_ARG_TYPE',
    ]);
    expect((await served.only()).attributes['http.response.body.size']).toBe(0);
  });
});

describe('what programs do to servers', () => {
  test.each([[[]], [[undefined]], [[null, null]], [['a', 'b']], [[{}, {}]]])(
    'emitting a request of %j reaches the listeners and nothing else',
    async (args) => {
      served.record();
      const seen: unknown[][] = [];
      const server = createServer((...given) => void seen.push(given));
      expect(server.emit('request', ...args)).toBe(true);
      expect(seen).toEqual([args]);
      served.complaints.length = 0;
    },
  );
});
