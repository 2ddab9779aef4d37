import { channel } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import type { ChannelMessages, ChannelName, UndiciRequest } from '../../../src/source/channels.js';
import { NewSockets } from '../../../src/source/connection/new-sockets.js';
import type { Begin } from '../../../src/source/request-trace.js';
import type { UndiciHttpRequest } from '../../../src/source/undici/exchange.js';
import { UndiciSource } from '../../../src/source/undici/source.js';
import { RequestLedger } from './request-ledger.js';

/** As much of undici's request as is looked at. */
export class FakeRequest implements UndiciRequest {
  readonly origin = 'http://a.example';
  readonly headers = [];
  readonly host = null;
  readonly contentLength = null;
  readonly body = null;
  readonly reset = null;
  readonly path: string;
  readonly method: string;
  readonly upgrade: string | null;
  aborted: Error | undefined = undefined;
  readonly abort = (error: Error): void => {
    this.aborted = error;
  };
  readonly [internal: symbol]: unknown;

  constructor(
    path: string,
    { method = 'GET', upgrade = null }: { method?: string; upgrade?: string | null } = {},
  ) {
    this.path = path;
    this.method = method;
    this.upgrade = upgrade;
  }

  onResponseStarted(): void {
    // What undici itself does then is no subject here.
  }
}

/** Says something as undici does. */
export function tell<Name extends ChannelName>(name: Name, message: ChannelMessages[Name]): void {
  channel(name).publish(message);
}

export function create(request: UndiciRequest): void {
  tell('undici:request:create', { request });
}

export function connect(socket = new Socket()): Socket {
  const connectParams = {
    host: 'a.example',
    hostname: 'a.example',
    protocol: 'http:',
    port: '',
    servername: null,
  };
  tell('undici:client:connected', { connectParams, connector: {}, socket });
  return socket;
}

export function send(request: UndiciRequest, socket: Socket): void {
  const headers = `${request.method} ${request.path} HTTP/1.1\r\nhost: a.example\r\n`;
  tell('undici:client:sendHeaders', { request, headers, socket });
}

export function sent(request: UndiciRequest): void {
  tell('undici:request:bodySent', { request });
}

export function respond(request: UndiciRequest, statusCode: number, headers: string[] = []): void {
  tell('undici:request:headers', { request, response: { statusCode, statusText: '', headers } });
}

export function end(request: UndiciRequest): void {
  tell('undici:request:trailers', { request });
}

export function fail(request: UndiciRequest, error: unknown): void {
  tell('undici:request:error', { request, error });
}

/** A source of its own, what it told of each request, and what it reported of itself. */
export class ObservedSource {
  readonly ledger = new RequestLedger();
  readonly reports: string[] = [];
  readonly source: UndiciSource;

  constructor(
    begin: Begin<UndiciHttpRequest> = ({ request }) => this.ledger.open(request.path, ROOT_CONTEXT),
  ) {
    const report = (message: string) => this.reports.push(message);
    this.source = new UndiciSource(
      begin,
      () => ROOT_CONTEXT,
      new NewSockets(report),
      () => undefined,
      report,
    );
  }

  /** What was told of the request for this path, without what is said of each header. */
  names(path: string): string[] {
    return this.facts(path).map(({ name }) => name);
  }

  facts(path: string) {
    return this.ledger.of(path).facts.filter(({ name }) => name !== 'wroteHeaderField');
  }

  last(path: string): unknown {
    return this.facts(path).at(-1);
  }
}
