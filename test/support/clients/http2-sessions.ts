import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { onTestFinished } from 'vitest';
import { codeOf } from '../event-recorder.js';

/** What became of one request. */
export interface Http2Result {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** The code of the stream's error. */
  readonly error: string | undefined;
}

/** Opens a session of a client, and destroys it when the test is over. */
export function openSession(...args: Parameters<typeof connect>): ClientHttp2Session {
  const session = connect(...args);
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return session;
}

/** Reads what a stream receives until it is closed. */
export function resultOf(stream: ClientHttp2Stream): Promise<Http2Result> {
  const result: { -readonly [Key in keyof Http2Result]: Http2Result[Key] } = {
    status: undefined,
    headers: {},
    body: '',
    error: undefined,
  };
  stream.on('response', (headers) => {
    result.status = headers[':status'];
    result.headers = headers;
  });
  stream.on('data', (chunk) => {
    result.body += String(chunk);
  });
  stream.on('error', (error) => {
    result.error = codeOf(error);
  });
  return new Promise((resolve) => stream.on('close', () => resolve(result)));
}

/** Makes a request without a body. */
export function askHttp2(
  session: ClientHttp2Session,
  headers?: OutgoingHttpHeaders,
  options?: Parameters<ClientHttp2Session['request']>[1],
): Promise<Http2Result> {
  return resultOf(session.request(headers, options));
}
