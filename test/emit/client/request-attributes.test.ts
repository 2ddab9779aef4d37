import { describe, expect, it, onTestFinished } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { answering, rawServer } from '../../support/servers/raw-server.js';
import { httpServer } from '../../support/servers/truthful-server.js';
import { wanted } from '../../support/telemetry/expected-span.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

describe.each(INSTALLED_UNDICI)('$name: what a request asks for', ({ Client }) => {
  type Options = Parameters<InstanceType<typeof Client>['request']>[0];

  /** What is on the span of a request to a server that answers anything. */
  async function asked(options: Partial<Options>, server = rawServer(answering(OK))) {
    const { origin, port } = await server;
    const client = new Client(origin);
    onTestFinished(() => client.destroy());
    await (await client.request({ method: 'GET', path: '/', ...options })).body.text();
    return { origin, port, ...(await telemetry.onlyShown()) };
  }

  it.each(['get', 'FOO', 'Purge'])('a method that is not known: %s', async (method) => {
    telemetry.instrument();
    const { name, attributes } = await asked({ method: method as 'GET' });
    expect(name).toBe('HTTP');
    expect(attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': method,
    });
    expect((await telemetry.durations()).map(({ attributes }) => attributes)).toMatchObject([
      { 'http.request.method': '_OTHER' },
    ]);
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])(
    'a method that is known: %s',
    async (method) => {
      telemetry.instrument();
      const { name, attributes } = await asked({ method: method as 'GET' });
      expect(name).toBe(method);
      expect(attributes['http.request.method']).toBe(method);
      expect(attributes).not.toHaveProperty('http.request.method_original');
    },
  );

  it('methods that the config knows, and no others', async () => {
    telemetry.instrument({ knownMethods: ['FOO'] });
    const { name, attributes } = await asked({ method: 'FOO' as 'GET' });
    expect({ name, method: attributes['http.request.method'] }).toEqual({ name: 'FOO', method: 'FOO' });
    telemetry.begin();
    telemetry.instrument({ knownMethods: ['FOO'] });
    expect((await asked({ method: 'GET' })).attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'GET',
    });
  });

  it.each([
    ['a name', 'orders.example', 'orders.example', 80],
    ['a name and a port', 'orders.example:8080', 'orders.example', 8080],
    ['an IPv6 address', '[::1]:8080', '::1', 8080],
  ])('a Host header of its own: %s', async (_, host, address, port) => {
    telemetry.instrument();
    const { attributes, events, origin } = await asked({ headers: { host } });
    expect(attributes).toMatchObject({
      'server.address': address,
      'server.port': port,
      'url.full': `${origin}/`,
    });
    expect(events[0]).toEqual(wanted(address, port));
  });

  it.each([
    ['//a/b', '//a/b'],
    ['/a/../b', '/a/../b'],
    ['/%7euser?q=%C3%A9+x&q=2', '/%7euser?q=%C3%A9+x&q=2'],
    ['/?sig=secret&other=1&sig=again', '/?sig=REDACTED&other=1&sig=REDACTED'],
    [
      '/?X-Amz-Signature=a&X-Amz-Credential=b&X-Amz-Security-Token=c',
      '/?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED',
    ],
    [
      '/?AWSAccessKeyId=a&Signature=b&X-Goog-Signature=c&s%69g=d',
      '/?AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED&s%69g=REDACTED',
    ],
  ])('the path %s as it is written, without secrets', async (path, shown) => {
    telemetry.instrument();
    const { attributes, origin } = await asked({ path });
    expect(attributes['url.full']).toBe(`${origin}${shown}`);
    expect(attributes).not.toHaveProperty('url.path');
    expect(attributes).not.toHaveProperty('url.query');
  });

  it('other parameters, if the config says which are secret', async () => {
    telemetry.instrument({ client: { redactedQueryParams: ['token'] } });
    const { attributes, origin } = await asked({ path: '/?token=a&sig=b' });
    expect(attributes['url.full']).toBe(`${origin}/?token=REDACTED&sig=b`);
  });

  it('all parameters, if the config says that none is secret', async () => {
    telemetry.instrument({ client: { redactedQueryParams: [] } });
    const { attributes, origin } = await asked({ path: '/?token=a&sig=b' });
    expect(attributes['url.full']).toBe(`${origin}/?token=a&sig=b`);
  });

  it('the userinfo of an absolute target, without name and password', async () => {
    telemetry.instrument();
    const { attributes } = await asked({ path: 'http://me:secret@orders.example/a?sig=b' });
    expect(attributes).toMatchObject({
      'url.full': 'http://REDACTED:REDACTED@orders.example/a?sig=REDACTED',
      'server.address': 'orders.example',
      'server.port': 80,
    });
  });

  it('a port that is the default of its scheme', async () => {
    telemetry.instrument();
    const { attributes } = await asked({ path: 'https://orders.example/' });
    expect(attributes).toMatchObject({ 'server.address': 'orders.example', 'server.port': 443 });
  });

  it('a template that the program knows', async () => {
    telemetry.instrument({
      optInAttributes: ['url.template'],
      client: { startSpanHook: () => ({ 'url.template': '/orders/{id}' }) },
    });
    const { name, attributes } = await asked({ path: '/orders/42' }, httpServer());
    expect(name).toBe('GET /orders/{id}');
    expect(attributes['url.template']).toBe('/orders/{id}');
    expect((await telemetry.durations()).map(({ attributes }) => attributes)).toMatchObject([
      { 'url.template': '/orders/{id}' },
    ]);
  });

  it('what samplers have to know is on the span from the beginning', async () => {
    const seen: unknown[] = [];
    const provider = telemetry.providerOf({
      shouldSample: (_context, _traceId, name, kind, attributes) => {
        seen.push({ name, kind, attributes });
        return { decision: 2 };
      },
      toString: () => 'seeing',
    });
    telemetry.instrument().setTracerProvider(provider);
    const { origin, port } = await asked({ path: '/a?b' });
    expect(seen).toEqual([
      {
        name: 'GET',
        kind: 2,
        attributes: {
          'http.request.method': 'GET',
          'url.full': `${origin}/a?b`,
          'server.address': '127.0.0.1',
          'server.port': port,
        },
      },
    ]);
  });
});
