import { Readable, Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { UndiciFlavour } from './undici-flavours.js';

/** What came back, in the same form from each of undici's APIs. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Asking {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Record<string, string>;
  readonly body?: string | Readable;
  readonly signal?: AbortSignal;
  /** `false`: another request may follow on the same connection before this one is answered. */
  readonly blocking?: boolean;
}

/** One way to make a request with undici. */
export interface UndiciApi {
  readonly name: string;
  ask(flavour: UndiciFlavour, dispatcher: Dispatcher, url: string, asking?: Asking): Promise<Answered>;
}

/** `fetch`, and each way of undici's own to make a request. */
export const UNDICI_APIS: readonly UndiciApi[] = [
  { name: 'fetch', ask: askFetch },
  { name: 'request', ask: (_flavour, dispatcher, url, asking) => askRequest(dispatcher, url, asking) },
  { name: 'stream', ask: (_flavour, dispatcher, url, asking) => askStream(dispatcher, url, asking) },
  { name: 'pipeline', ask: (_flavour, dispatcher, url, asking) => askPipeline(dispatcher, url, asking) },
  { name: 'dispatch', ask: askDispatch },
];

export async function askFetch(
  flavour: Pick<UndiciFlavour, 'fetch'>,
  dispatcher: Dispatcher,
  url: string,
  { body, blocking: _blocking, ...asking }: Asking = {},
): Promise<Answered> {
  const sent = body === undefined ? {} : { body, duplex: 'half' as const };
  const response = await flavour.fetch(url, { dispatcher, ...asking, ...sent });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

export async function askRequest(
  dispatcher: Dispatcher,
  url: string,
  asking: Asking = {},
): Promise<Answered> {
  const { statusCode, headers, body } = await dispatcher.request(optionsFor(url, asking));
  return { status: statusCode, headers, body: await body.text() };
}

async function askStream(dispatcher: Dispatcher, url: string, asking: Asking = {}): Promise<Answered> {
  const body = collect();
  let status = 0;
  let headers: Answered['headers'] = {};
  await dispatcher.stream(optionsFor(url, asking), (head) => {
    status = head.statusCode;
    headers = head.headers;
    return body.writable;
  });
  return { status, headers, body: body.text() };
}

function askPipeline(dispatcher: Dispatcher, url: string, asking: Asking = {}): Promise<Answered> {
  const { body: sent, ...rest } = asking;
  let status = 0;
  let headers: Answered['headers'] = {};
  const duplex = dispatcher.pipeline(optionsFor(url, rest), (head) => {
    status = head.statusCode;
    headers = head.headers;
    return head.body;
  });
  const chunks: Buffer[] = [];
  (sent instanceof Readable ? sent : Readable.from(sent === undefined ? [] : [sent])).pipe(duplex);
  return new Promise((resolve, reject) => {
    duplex.on('error', reject);
    duplex.on('data', (chunk: Buffer) => chunks.push(chunk));
    duplex.on('end', () => resolve({ status, headers, body: Buffer.concat(chunks).toString() }));
  });
}

function askDispatch(
  flavour: UndiciFlavour,
  dispatcher: Dispatcher,
  url: string,
  asking: Asking = {},
): Promise<Answered> {
  const { signal: _signal, ...rest } = asking;
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(optionsFor(url, rest), handlerOf(flavour, { ended: resolve, failed: reject }));
  });
}

/** What `dispatch` needs to be told, of this undici, to say how a request came out. */
export function handlerOf(
  { major }: UndiciFlavour,
  { ended, failed }: { ended(answered: Answered): void; failed(error: Error): void },
): Dispatcher.DispatchHandler {
  const body = collect();
  let status = 0;
  let headers: Answered['headers'] = {};
  const oldHandler: Dispatcher.DispatchHandler = {
    onConnect: () => undefined,
    onHeaders: (statusCode, raw) => {
      status = statusCode;
      headers = fromPairs(raw);
      return true;
    },
    onData: (chunk) => body.writable.write(chunk) || true,
    onComplete: () => ended({ status, headers, body: body.text() }),
    onError: failed,
  };
  const newHandler: Dispatcher.DispatchHandler = {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, statusCode, fields) => {
      status = statusCode;
      headers = fields;
    },
    onResponseData: (_controller, chunk) => {
      body.writable.write(chunk);
    },
    onResponseEnd: () => ended({ status, headers, body: body.text() }),
    onResponseError: (_controller, error) => failed(error),
  };
  return major === 6 ? oldHandler : newHandler;
}

function fromPairs(raw: readonly Buffer[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    headers[String(raw[i]).toLowerCase()] = String(raw[i + 1]);
  }
  return headers;
}

function optionsFor(url: string, { method = 'GET', ...asking }: Asking): Dispatcher.RequestOptions {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search, method, ...asking };
}

function collect(): { writable: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { writable, text: () => Buffer.concat(chunks).toString() };
}
