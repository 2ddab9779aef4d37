import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Exchange } from './exchange.js';
import { type Hop, header, pathOf } from './hop.js';
import type { ProxyUse } from './proxy.js';

/** A server that does not know of `Expect: 100-continue` says nothing: curl waits as long for it. */
const CONTINUE_TIMEOUT_MS = 1_000;

/** Connections to one origin on which HTTP/1.1 is spoken, kept while their server keeps them. */
export class Http1Connections {
  private readonly agent = new AdoptingAgent({ keepAlive: true });

  /** The next request goes over this connection. */
  adopt(socket: Socket): void {
    this.agent.adopt(socket);
  }

  /** Whether there is one that the next request can take. */
  get hasIdle(): boolean {
    return Object.values(this.agent.freeSockets).some(
      (sockets) => sockets !== undefined && sockets.length > 0,
    );
  }

  /**
   * Sends a request over one of them.
   *
   * @param proxy The proxy that it is sent to, in place of the server.
   */
  async send(exchange: Exchange, proxy: ProxyUse | undefined): Promise<void> {
    const { hop, onAnswer, onBody, signal } = exchange;
    const request = this.request(hop, proxy);
    // A response that is cut says that it was, and not by what: a peer that resets the connection is told here.
    let failure: unknown;
    request.on('error', (error) => {
      failure ??= error;
    });
    const abort = (): void => void request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const answered = answerOf(request);
      write(request, hop);
      const { response, handedOver } = await answered;
      const { statusCode = 0, statusMessage = '', headers, rawHeaders, httpVersion } = response;
      const protocol = `HTTP/${httpVersion}`;
      onAnswer({ status: statusCode, reason: statusMessage, headers, rawHeaders, protocol });
      for await (const chunk of handedOver ? [] : response) {
        await onBody(chunk);
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : (failure ?? error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private request(hop: Hop, proxy: ProxyUse | undefined): ClientRequest {
    const { url, method } = hop;
    return http.request({
      path: proxy === undefined ? pathOf(url) : url.href,
      method,
      // As a list, they are sent as they were given: several of one name, in their own case and order.
      headers: [...headersOf(hop), ...(proxy === undefined ? [] : headersFor(proxy))].flat(),
      agent: this.agent,
    });
  }
}

function headersOf(hop: Hop): [string, string][] {
  return header(hop, 'host') === undefined ? [['Host', hop.url.host], ...hop.headers] : [...hop.headers];
}

function headersFor({ authorization }: ProxyUse): [string, string][] {
  return authorization === undefined ? [] : [['Proxy-Authorization', authorization]];
}

/** Takes connections that were made already, and makes none itself. */
class AdoptingAgent extends http.Agent {
  private adopted: Socket | undefined;

  adopt(socket: Socket): void {
    this.adopted = socket;
  }

  override createConnection(): Socket {
    const { adopted } = this;
    this.adopted = undefined;
    if (adopted === undefined) {
      throw new Error('there is no connection to send the request on');
    }
    return adopted;
  }
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
