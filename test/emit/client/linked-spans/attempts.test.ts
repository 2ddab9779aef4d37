import type { LookupFunction } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CA, certificate } from '../../../support/servers/certificates.js';
import { refusedPort } from '../../../support/servers/raw-server.js';
import { httpServer, httpsServer } from '../../../support/servers/truthful-server.js';
import {
  CLIENT_KINDS,
  internal,
  setUp,
  socketConnect,
  useDrawnSpans,
} from '../../../support/telemetry/drawn-spans.js';
import { durations, requested } from '../../../support/telemetry/expected-span.js';

const { record, trees } = useDrawnSpans();

describe.each(CLIENT_KINDS)('$name', ({ client }) => {
  it('a connection that is refused is found from each request that failed with it', async () => {
    const port = await refusedPort();
    record();
    const one = client(`http://127.0.0.1:${port}`);
    const message = `ERROR: connect ECONNREFUSED 127.0.0.1:${port}`;
    const failed = { status: message, attributes: { 'error.type': 'ECONNREFUSED' } };
    await Promise.allSettled([one.ask('/first')]);
    const setup = `HTTP connection_setup 127.0.0.1:${port}`;
    expect(await trees()).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        status: message,
        attributes: {
          ...requested(`http://127.0.0.1:${port}`, '/first'),
          ...durations('getconn', 'connect'),
          'error.type': 'ECONNREFUSED',
          'httptrace.failed_phase': 'connect',
        },
        events: [],
        links: [setup],
        children: [internal(`HTTP wait_for_connection 127.0.0.1:${port}`, failed)],
      },
      internal(setup, {
        ...failed,
        attributes: { ...setUp('127.0.0.1', port, 'http'), ...failed.attributes },
        children: [
          socketConnect(port, {
            status: message,
            attributes: {
              'network.peer.address': '127.0.0.1',
              'network.peer.port': port,
              'network.type': 'ipv4',
              'error.type': 'ECONNREFUSED',
            },
          }),
        ],
      }),
    ]);
  });

  it('a name that is not found', async () => {
    record();
    const lookup: LookupFunction = (_host, _options, done) =>
      done(Object.assign(new Error('getaddrinfo ENOTFOUND missing.example'), { code: 'ENOTFOUND' }), '', 4);
    await expect(client('http://missing.example:1234', { lookup }).ask('/')).rejects.toThrow();
    const [request, setup] = await trees();
    expect(request).toMatchObject({
      attributes: { 'error.type': 'ENOTFOUND', 'httptrace.failed_phase': 'dns' },
      links: [setup?.name],
    });
    const failed = { 'error.type': 'ENOTFOUND' };
    const status = 'ERROR: getaddrinfo ENOTFOUND missing.example';
    expect(setup).toEqual(
      internal('HTTP connection_setup missing.example:1234', {
        status,
        attributes: { ...setUp('missing.example', 1234, 'http'), ...failed },
        children: [
          internal('DNS lookup missing.example', {
            status,
            attributes: { 'dns.question.name': 'missing.example', ...failed },
          }),
        ],
      }),
    );
  });

  it('a certificate that is out of date', async () => {
    const { port } = await httpsServer(undefined, certificate('expired'));
    record();
    await expect(client(`https://localhost:${port}`, { ca: CA }).ask('/')).rejects.toThrow();
    const [request, setup] = await trees();
    expect(request).toMatchObject({
      attributes: { 'error.type': 'CERT_HAS_EXPIRED', 'httptrace.failed_phase': 'tls' },
      links: [setup?.name],
    });
    expect(setup?.status).toBe('ERROR: certificate has expired');
    expect(setup?.attributes).toEqual({
      ...setUp('localhost', port, 'https'),
      'error.type': 'CERT_HAS_EXPIRED',
    });
    expect(setup?.children.map(({ name, status }) => [name, status])).toEqual([
      ['DNS lookup localhost', 'UNSET'],
      [`socket connect 127.0.0.1:${port}`, 'UNSET'],
      ['TLS client handshake localhost', 'ERROR: certificate has expired'],
    ]);
  });

  it('each address that is tried', async () => {
    const { port } = await httpServer();
    record();
    // The first does not answer: nothing listens there.
    const lookup: LookupFunction = (_host, _options, done) =>
      (done as (error: null, found: { address: string; family: number }[]) => void)(null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    await client(`http://several.example:${port}`, { lookup, autoSelectFamily: true }).ask('/');
    const [request, setup] = await trees();
    expect(request?.links).toEqual([setup?.name]);
    expect(setup?.status).toBe('UNSET');
    expect(setup?.children.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['DNS lookup several.example', undefined],
      [`socket connect 127.0.0.2:${port}`, 'ECONNREFUSED'],
      [`socket connect 127.0.0.1:${port}`, undefined],
    ]);
  });
});
