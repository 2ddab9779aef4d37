import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { context } from '@opentelemetry/api';
import { withClientTrace } from '../httptrace.js';
import {
  type ConnectionOptions,
  type Exchange,
  type Hop,
  header,
  hostnameOf,
  portOf,
  type Transport,
} from './exchange.js';

/** A server that does not know of `Expect: 100-continue` says nothing: curl waits as long for it. */
const CONTINUE_TIMEOUT_MS = 1_000;

/** Sends requests by `node:http` and `node:https`, whose trace tells the recorder what happens. */
export class Http1Transport implements Transport {
  private readonly http = new http.Agent({ keepAlive: true });
  private readonly https: AdoptingAgent;
  private readonly connection: ConnectionOptions;

  constructor(connection: ConnectionOptions) {
    this.connection = connection;
    this.https = new AdoptingAgent({ keepAlive: true, rejectUnauthorized: !connection.insecure });
  }

  /** The next https request goes over this connection. */
  adopt(socket: TLSSocket): void {
    this.https.adopt(socket);
  }

  async send(exchange: Exchange): Promise<void> {
    const ctx = withClientTrace(context.active(), exchange.recorder);
    await context.with(ctx, () => this.exchange(exchange));
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private async exchange({ hop, onAnswer, onBody, signal }: Exchange): Promise<void> {
    const request = this.request(hop);
    // What goes wrong after the response began is told by the response.
    request.on('error', () => undefined);
    const abort = (): void => void request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answered = answerOf(request);
      write(request, hop);
      const { response, handedOver } = await answered;
      const { statusCode = 0, headers, httpVersion } = response;
      onAnswer({ status: statusCode, headers, protocol: `HTTP/${httpVersion}` });
      for await (const chunk of handedOver ? [] : response) {
        await onBody(chunk);
      }
    } catch (error) {
      // A response that is cut by the abort reports that it was cut, and not why.
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private request({ url, method, headers }: Hop): ClientRequest {
    const { family } = this.connection;
    const options: https.RequestOptions = {
      host: hostnameOf(url),
      port: portOf(url),
      path: `${url.pathname}${url.search}`,
      method,
      headers: grouped(headers),
      ...(family === undefined ? {} : { family }),
    };
    return url.protocol === 'https:'
      ? https.request({ ...options, agent: this.https })
      : http.request({ ...options, agent: this.http });
  }
}

/** Takes a connection that was made already, before it makes one itself. */
class AdoptingAgent extends https.Agent {
  private adopted: TLSSocket | undefined;

  adopt(socket: TLSSocket): void {
    this.adopted = socket;
  }

  override createConnection(...args: Parameters<https.Agent['createConnection']>) {
    const { adopted } = this;
    this.adopted = undefined;
    return adopted ?? super.createConnection(...args);
  }
}

/** A name that is given several times is sent several times. */
function grouped(headers: Hop['headers']): OutgoingHttpHeaders {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const before = result[name];
    result[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return result;
}

interface Answered {
  response: IncomingMessage;
  /** The connection now speaks another protocol, which ends the exchange. */
  handedOver: boolean;
}

function answerOf(request: ClientRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const handOver = (response: IncomingMessage, socket: Duplex): void => {
      socket.destroy();
      resolve({ response, handedOver: true });
    };
    request
      .once('response', (response) => resolve({ response, handedOver: false }))
      .once('upgrade', handOver)
      .once('connect', handOver)
      .once('error', reject);
  });
}

function write(request: ClientRequest, hop: Hop): void {
  const { body } = hop;
  if (body === undefined || header(hop, 'expect')?.toLowerCase() !== '100-continue') {
    request.end(body);
    return;
  }
  const send = (): void => {
    clearTimeout(timer);
    if (!request.writableEnded && !request.destroyed) {
      request.end(body);
    }
  };
  const timer = setTimeout(send, CONTINUE_TIMEOUT_MS);
  request.flushHeaders();
  request.once('continue', send).once('response', send).once('close', send);
}
