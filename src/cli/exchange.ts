import type { IncomingHttpHeaders } from 'node:http';
import type { RequestRecorder } from './recorder.js';

/** One request as it is to be sent. */
export interface Hop {
  url: URL;
  method: string;
  /** Name and value, in the order in which they are sent. */
  headers: readonly (readonly [string, string])[];
  body: Buffer | undefined;
}

/** The head of the final response. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Such as `HTTP/1.1`. */
  protocol: string;
}

/** One request under way. */
export interface Exchange {
  hop: Hop;
  recorder: RequestRecorder;
  /** Called once, before the body. */
  onAnswer: (answer: Answer) => void;
  /** Takes each part of the body; resolves when the next one may come. */
  onBody: (chunk: Buffer) => Promise<void>;
  /** Aborted, with the reason, when there is no more time. */
  signal: AbortSignal;
}

/** Sends requests over connections that it keeps. */
export interface Transport {
  /** Resolves when the answer is complete, and rejects with what the client failed with. */
  send(exchange: Exchange): Promise<void>;
  /** Closes the connections. */
  close(): void;
}

/** How connections are made. */
export interface ConnectionOptions {
  insecure: boolean;
  family: 4 | 6 | undefined;
}

export function header(hop: Hop, name: string): string | undefined {
  return hop.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Host as it is dialled: without the brackets that IPv6 has in a URL. */
export function hostnameOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

export function portOf({ protocol, port }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}
