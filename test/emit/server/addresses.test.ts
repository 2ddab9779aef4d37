import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { RawClient, rawRequest } from '../../support/clients/raw-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

async function serve(): Promise<number> {
  return listen(createServer((_req, res) => res.end()));
}

/** The attributes of one request that is sent like this. */
async function attributesOf(requestLine: string, headers: string[]): Promise<Record<string, unknown>> {
  await rawRequest(await serve(), requestLine, headers);
  return (await served.only()).attributes;
}

describe('who is asked for and who asks', () => {
  test.each<[string, string[], Record<string, unknown>]>([
    [
      'X-Forwarded-*',
      ['X-Forwarded-For: 192.0.2.1, 10.0.0.1', 'X-Forwarded-Host: b.example, c', 'X-Forwarded-Proto: https'],
      {
        'client.address': '192.0.2.1',
        'server.address': 'b.example',
        'server.port': 443,
        'url.scheme': 'https',
        'network.peer.address': '127.0.0.1',
      },
    ],
    [
      'Forwarded before them',
      [
        'Forwarded: for="[2001:db8::1]:81";host=d.example:82;proto=https, for=10.0.0.1',
        'X-Forwarded-For: 192.0.2.1',
        'X-Forwarded-Host: b.example',
        'X-Forwarded-Proto: http',
      ],
      {
        'client.address': '2001:db8::1',
        'server.address': 'd.example',
        'server.port': 82,
        'url.scheme': 'https',
      },
    ],
    [
      'nobody that hides itself',
      ['Forwarded: for=unknown;proto=gopher, for=_hidden'],
      { 'client.address': '127.0.0.1', 'url.scheme': 'http' },
    ],
  ])('come from %s', async (_source, headers, expected) => {
    served.record();
    expect(await attributesOf('GET / HTTP/1.1', headers)).toMatchObject(expected);
  });

  test.each([
    ['a.example:81', 'a.example', 81],
    ['a.example', 'a.example', 80],
    ['[2001:db8::1]:8080', '2001:db8::1', 8080],
  ])('come from the Host header %s', async (host, address, port) => {
    served.record();
    const client = await RawClient.connect(await serve());
    client.send(['GET / HTTP/1.1', `Host: ${host}`, 'Connection: close']);
    await client.closed();
    expect((await served.only()).attributes).toMatchObject({
      'server.address': address,
      'server.port': port,
    });
  });

  test('come from the connection alone when proxies are not trusted', async () => {
    served.record({ trustForwardedHeaders: false });
    const attributes = await attributesOf('GET / HTTP/1.1', [
      'Forwarded: for=192.0.2.1;host=d.example;proto=https',
      'X-Forwarded-For: 192.0.2.2',
      'X-Forwarded-Host: e.example',
      'X-Forwarded-Proto: https',
    ]);
    expect(attributes).toMatchObject({
      'client.address': '127.0.0.1',
      'server.address': 'localhost',
      'server.port': 80,
      'url.scheme': 'http',
    });
  });
});
