import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { Duplex, Readable, Writable } from 'node:stream';
import tls from 'node:tls';
import { Agent } from 'undici';
import { expect, it } from 'vitest';
import { listen } from '../support/servers/listen.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** The rows of the table: each class, the methods that are laid over always, and those that are on some versions. */
const rows = Array.from(
  readFileSync(join(__dirname, '../../docs/limits.md'), 'utf8').matchAll(/^\| `([^`]+)` \|(.*)\|(.*)\|$/gm),
  ([, name = '', always = '', sometimes = '']) => ({
    name,
    always: codes(always),
    sometimes: codes(sometimes),
  }),
);

function codes(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, code = '']) => code);
}

/** The prototypes over which anything might be laid, by the name of their class. */
async function prototypes(): Promise<Record<string, object>> {
  const server = http2.createServer();
  const arrived = once(server, 'stream');
  const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
  const stream = session.request();
  const [served] = await arrived;
  const secure = http2.createSecureServer();
  const of = (object: object): object => Object.getPrototypeOf(object);
  const found = {
    ClientHttp2Session: of(session),
    ServerHttp2Session: of(served.session),
    Http2Session: of(of(session)),
    ClientHttp2Stream: of(stream),
    ServerHttp2Stream: of(served),
    Http2Stream: of(of(stream)),
    Http2Server: of(server),
    Http2SecureServer: of(secure),
    'undici.Dispatcher': of(of(Agent.prototype)),
    'undici.DispatcherBase': of(Agent.prototype),
    'undici.Agent': Agent.prototype,
  };
  session.destroy();
  const classes = { EventEmitter, Readable, Writable, Duplex };
  const named = { ...found, ...prototypesOf(classes, '') };
  for (const [module, exported] of Object.entries({ http, https, http2, net, tls })) {
    Object.assign(named, prototypesOf(exported, `${module}.`));
  }
  const seen = new Set<object>();
  return Object.fromEntries(
    Object.entries(named).filter(([, prototype]) => !seen.has(prototype) && seen.add(prototype)),
  );
}

function prototypesOf(exported: object, prefix: string): Record<string, object> {
  return Object.fromEntries(
    Object.entries(exported)
      .filter(([, value]) => typeof value === 'function' && typeof value.prototype === 'object')
      .map(([name, value]) => [`${prefix}${name}`, value.prototype]),
  );
}

/** A request over HTTP/1.1 and one over HTTP/2, made and served: some methods are laid over when the first one comes. */
async function oneOfEach(): Promise<void> {
  const http1 = http.createServer((_request, response) => response.end('hello'));
  const [response] = await once(http.get({ port: await listen(http1) }), 'response');
  await once(response.resume(), 'end');
  const server = http2.createServer((_request, answer) => answer.end('hello'));
  const session = http2.connect(`http://127.0.0.1:${await listen(server)}`);
  await once(session.request().resume(), 'close');
  session.destroy();
}

/** What each of them has, by name. */
function methodsOf(all: Record<string, object>): Map<string, unknown> {
  return new Map(
    Object.entries(all).flatMap(([name, prototype]) =>
      Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([key, { value, get }]) => [
        `${name} ${key}`,
        value ?? get,
      ]),
    ),
  );
}

it('docs/limits.md names each method that something is laid over', async () => {
  const all = await prototypes();
  const before = methodsOf(all);
  telemetry.instrument({
    server: { enabled: true },
    optInAttributes: ['http.request.body.size', 'http.response.body.size'],
  });
  await oneOfEach();
  const laid = [...methodsOf(all)]
    .filter(([name, method]) => before.get(name) !== method)
    .map(([name]) => name);

  const named = (key: 'always' | 'sometimes') =>
    rows.flatMap((row) => row[key].map((method) => `${row.name} ${method}`));
  expect(laid.filter((name) => ![...named('always'), ...named('sometimes')].includes(name))).toEqual([]);
  expect(named('always').filter((name) => !laid.includes(name))).toEqual([]);
});
