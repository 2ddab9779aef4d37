import { once } from 'node:events';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, askNode, httpsAgent, nodeRequest } from '../../support/clients/node-clients.js';
import { codeOf, EventRecorder } from '../../support/event-recorder.js';
import { CA, certificate } from '../../support/servers/certificates.js';
import { listen } from '../../support/servers/listen.js';
import { rawServer } from '../../support/servers/raw-server.js';
import {
  CLIENT_KINDS,
  type ClientKind,
  type Connecting,
  type OneClient,
} from '../../support/telemetry/drawn-spans.js';
import { useTelemetry } from '../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const NOTHING_AGREED = {
  version: '',
  cipherSuite: '',
  negotiatedProtocol: '',
  serverName: '',
  didResume: false,
  authorized: false,
};

function answerInPlainText(socket: Socket): void {
  socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
}

/** Speaks TLS on its first connection alone. */
async function forgetfulServer(): Promise<number> {
  const server = https.createServer(certificate('localhost'), (_req, res) =>
    res.setHeader('connection', 'close').end('ok'),
  );
  let first = true;
  const { port } = await rawServer((socket) => {
    if (first) {
      first = false;
      server.emit('connection', socket);
    } else {
      answerInPlainText(socket);
    }
  });
  return port;
}

function tlsServer(options: tls.TlsOptions): Promise<number> {
  const server = tls.createServer({ ...certificate('localhost'), ...options });
  return listen(server.on('tlsClientError', () => undefined));
}

/** What the hook was told, and the event of it. */
async function failing({ ask }: OneClient) {
  const recorder = new EventRecorder();
  await expect(recorder.run(() => ask('/'))).rejects.toThrow();
  const [state, err] = recorder.only('tlsHandshakeDone');
  const { events } = await telemetry.onlyShown();
  return { state, code: codeOf(err), event: events.find(([name]) => name === 'http.tls.done')?.[1] };
}

const unfinished: ClientKind = {
  name: 'node:https with nothing to send yet',
  client: (origin, connecting = {}) => {
    const agent = httpsAgent();
    const ask = async (path: string) => {
      const request = nodeRequest(origin + path, { agent, ...connecting });
      onTestFinished(() => void request.destroy());
      const answered = answerOf(request);
      // The handshake is over by then, or has failed.
      request.on('socket', (socket) => socket.once('secureConnect', () => request.end()));
      await answered;
      await once(request, 'close');
    };
    return { ask };
  },
};

describe.each([unfinished, ...CLIENT_KINDS.filter(({ name }) => name !== 'node:http')])(
  '$name: a handshake that fails',
  ({ client }) => {
    const clientOf = (port: number, connecting: Connecting = {}) =>
      client(`https://localhost:${port}`, { ca: CA, ...connecting });

    it('against plain text tells nothing that was agreed on', async () => {
      const { port } = await rawServer(answerInPlainText);
      telemetry.instrument();
      expect(await failing(clientOf(port))).toEqual({
        state: NOTHING_AGREED,
        code: 'ERR_SSL_WRONG_VERSION_NUMBER',
        event: {
          'tls.resumed': false,
          'tls.established': false,
          'error.type': 'ERR_SSL_WRONG_VERSION_NUMBER',
        },
      });
    });

    it('tells nothing of the session that it would have resumed', async () => {
      const one = clientOf(await forgetfulServer());
      await one.ask('/');
      telemetry.instrument();
      expect(await failing(one)).toMatchObject({
        state: NOTHING_AGREED,
        code: 'ERR_SSL_WRONG_VERSION_NUMBER',
      });
    });

    it('tells no version if there is none that both speak', async () => {
      const port = await tlsServer({ maxVersion: 'TLSv1.2' });
      telemetry.instrument();
      expect(await failing(clientOf(port, { minVersion: 'TLSv1.3' }))).toEqual({
        state: NOTHING_AGREED,
        code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
        event: {
          'tls.resumed': false,
          'tls.established': false,
          'error.type': 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
        },
      });
    });

    it('tells what was agreed on before the client refused the server', async () => {
      const port = await tlsServer({ ...certificate('expired'), maxVersion: 'TLSv1.2' });
      telemetry.instrument();
      const { state, code, event } = await failing(clientOf(port));
      expect(code).toBe('CERT_HAS_EXPIRED');
      expect(state).toMatchObject({
        version: 'TLSv1.2',
        peerCertificate: { subject: { CN: 'expired' } },
      });
      expect(event).toMatchObject({ 'tls.protocol.version': '1.2', 'tls.established': false });
    });

    it('tells what was agreed on before the server refused the client', async () => {
      const port = await tlsServer({ requestCert: true, maxVersion: 'TLSv1.2' });
      telemetry.instrument();
      const { state, event } = await failing(clientOf(port));
      expect(state).toMatchObject({
        version: 'TLSv1.2',
        cipherSuite: expect.stringMatching(/^TLS_/),
        peerCertificate: { subject: { CN: 'localhost' } },
      });
      expect(event).toMatchObject({ 'tls.protocol.version': '1.2', 'tls.established': false });
    });
  },
);

it('of node:https, into which the request was written already, tells nothing either', async () => {
  const { port } = await rawServer(answerInPlainText);
  telemetry.instrument();
  const ask = (path: string) => askNode(`https://localhost:${port}${path}`, { agent: false });
  expect(await failing({ ask })).toEqual({
    state: NOTHING_AGREED,
    // It is the write that fails, when the connection has been closed already.
    code: 'EPROTO',
    event: { 'tls.resumed': false, 'tls.established': false, 'error.type': 'EPROTO' },
  });
});
