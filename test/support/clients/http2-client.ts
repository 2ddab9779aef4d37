import { once } from 'node:events';
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';

/** What an HTTP/2 client received on one stream. */
export interface Http2Answer {
  /** Status codes of the informational responses before the final one. */
  readonly informational: readonly number[];
  readonly status: number;
  /** The payload of all DATA frames. */
  readonly body: Buffer;
  readonly rstCode: number;
}

/** Connects to a cleartext HTTP/2 server on this machine. */
export async function connectHttp2(port: number): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${port}`);
  await once(session, 'connect');
  return session;
}

/** Sends one request and waits until its stream is closed. */
export async function http2Request(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
): Promise<Http2Answer> {
  const stream = session.request(headers);
  const chunks: Buffer[] = [];
  const informational: number[] = [];
  let status = 0;
  stream.on('headers', (interim) => informational.push(Number(interim[':status'])));
  stream.on('response', (final) => {
    status = Number(final[':status']);
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is told by `rstCode`.
  stream.on('error', () => stream.destroy());
  await new Promise<void>((resolve) => stream.once('close', resolve));
  return { informational, status, body: Buffer.concat(chunks), rstCode: stream.rstCode };
}
