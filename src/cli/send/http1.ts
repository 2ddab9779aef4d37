import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Exchange } from './exchange.js';
import { type Hop, header, pathOf } from './hop.js';
import type { ProxyUse } from './proxy.js';

/** How long to wait for `100 Continue`, as long as curl. A server that does not know `Expect` never sends it. */
const CONTINUE_TIMEOUT_MS = 1_000;

/** The connections to one origin that speak HTTP/1.1. They are kept as long as the server keeps them. */
export class Http1Connections {
  private readonly agent = new AdoptingAgent({ keepAlive: true });

  /** Takes a connection, over which the next request goes. */
  adopt(socket: Socket): void {
    this.agent.adopt(socket);
  }

  /** Whether there is a connection that the next request can take. */
  get hasIdle(): boolean {
    return Object.values(this.agent.freeSockets).some(
      (sockets) => sockets !== undefined && sockets.length > 0,
    );
  }

  /**
   * Sends a request over one of the connections.
   *
   * @param proxy The proxy to which it is sent in place of the server.
   */
  async send(exchange: Exchange, proxy: ProxyUse | undefined): Promise<void> {
    const { hop, onAnswer, onBody, signal } = exchange;
    const request = this.request(hop, proxy);
    // A response that is cut off does not say why. The request's error says that the peer reset the connection.
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
      // A list is sent as it is, with several headers of one name, and with their case and order.
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

/** An agent that takes connections and makes none. */
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
  /** Whether the connection speaks another protocol now, which ends the exchange. */
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
