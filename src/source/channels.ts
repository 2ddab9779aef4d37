import type { ClientRequest, IncomingMessage } from 'node:http';
import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** The part of undici's internal request that its channels show and we read. */
export interface UndiciRequest {
  readonly origin: string | URL;
  readonly method: string;
  readonly path: string;
  /** Flat list of names and values; undici 5 had one string. */
  readonly headers: (string | string[])[];
  readonly host: string | null;
  readonly contentLength: number | null;
  readonly body: unknown;
  readonly upgrade: string | null;
  readonly reset: boolean | null;
  /** Set when the request is about to be written. */
  abort: ((error: Error) => void) | null;
  addHeader?(name: string, value: string): unknown;
  onResponseStarted?(): void;
  /** Until undici 7; later `onRequestUpgrade`. */
  onUpgrade?(statusCode: number, headers: UndiciResponse['headers'], ...rest: unknown[]): unknown;
  onRequestUpgrade?(statusCode: number, headers: UndiciResponse['headers'], ...rest: unknown[]): unknown;
  readonly [internal: symbol]: unknown;
}

/** The response in `undici:request:headers`: raw pairs, or an object for HTTP/2 from undici 8 on. */
export interface UndiciResponse {
  readonly statusCode: number;
  readonly statusText: string;
  readonly headers: readonly (Buffer | string)[] | Record<string, string | string[]>;
}

/** Where an undici client is about to dial to. */
interface ConnectParams {
  readonly host: string;
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername: string | null;
}

export interface WrittenChunk {
  readonly chunk: unknown;
  readonly encoding: string;
}

/** What is written of a body at once: one chunk, or several. */
type Written =
  | { readonly writev: false; readonly data: unknown; readonly encoding: string }
  | { readonly writev: true; readonly data: readonly WrittenChunk[]; readonly encoding: '' };

/** Each channel that we listen to, with its message. */
export interface ChannelMessages {
  'undici:request:create': { request: UndiciRequest };
  'undici:client:beforeConnect': { connectParams: ConnectParams; connector: object };
  'undici:client:connected': { connectParams: ConnectParams; connector: object; socket: Socket };
  'undici:client:connectError': { connectParams: ConnectParams; connector: object; error: Error };
  'undici:client:sendHeaders': { request: UndiciRequest; headers: string; socket: Socket };
  'undici:request:bodyChunkSent': { request: UndiciRequest; chunk: Uint8Array | string };
  'undici:request:bodySent': { request: UndiciRequest };
  'undici:request:headers': { request: UndiciRequest; response: UndiciResponse };
  'undici:request:bodyChunkReceived': { request: UndiciRequest; chunk: Uint8Array };
  'undici:request:trailers': { request: UndiciRequest };
  'undici:request:error': { request: UndiciRequest; error: unknown };
  'net.client.socket': { socket: Socket };
  'http.client.request.created': { request: ClientRequest };
  'http.client.request.start': { request: ClientRequest };
  'http.client.response.finish': { request: ClientRequest; response: IncomingMessage };
  'http2.client.stream.start': { stream: ClientHttp2Stream };
  'http2.client.stream.bodyChunkSent': { stream: ClientHttp2Stream } & Written;
  'http2.client.stream.bodySent': { stream: ClientHttp2Stream };
}

export type ChannelName = keyof ChannelMessages;
