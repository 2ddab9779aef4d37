import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One response as it lay on the wire. */
export interface RawResponse {
  /** Status codes of the informational responses before it. */
  readonly informational: readonly number[];
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** With chunked transfer encoding undone; what came until the close if nothing else limits it. */
  readonly body: Buffer;
}

interface Part {
  readonly response: RawResponse;
  readonly end: number;
}

const HEAD_END = '\r\n\r\n';

/** Speaks HTTP/1 to a server by hand, so that nothing but bytes lies between a test and what was sent. */
export class RawClient {
  readonly socket: Socket;
  private bytes: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (data: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, data]);
    });
    // What arrived before a reset is what a test wants to see.
    socket.on('error', () => socket.destroy());
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  static async connectTls(port: number, ca: Buffer): Promise<RawClient> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    return new RawClient(socket);
  }

  get received(): Buffer {
    return this.bytes;
  }

  send(lines: readonly string[], body = ''): void {
    this.socket.write(`${lines.join('\r\n')}${HEAD_END}${body}`);
  }

  async until(text: string): Promise<void> {
    while (!this.bytes.includes(text)) {
      await once(this.socket, 'data');
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) {
      await once(this.socket, 'close');
    }
  }

  /** Waits until the server closes the connection; one response for each method that was sent. */
  async responses(...methods: string[]): Promise<RawResponse[]> {
    await this.closed();
    return parseResponses(this.bytes, methods);
  }

  /** Waits until the server closes the connection; whatever follows the end of the first response is dropped. */
  async firstResponse(method: string): Promise<RawResponse> {
    await this.closed();
    return parseResponse(this.bytes, method).response;
  }
}

/** Sends one request on a connection of its own and waits for the end of the answer. */
export async function rawRequest(
  port: number,
  requestLine = 'GET / HTTP/1.1',
  headers: readonly string[] = [],
): Promise<RawResponse> {
  const client = await RawClient.connect(port);
  client.send([requestLine, 'Host: localhost', 'Connection: close', ...headers]);
  const [response] = await client.responses(requestLine.split(' ')[0] ?? '');
  if (response === undefined) {
    throw new Error('No response');
  }
  return response;
}

function parseResponses(bytes: Buffer, methods: readonly string[]): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = bytes;
  for (const method of methods) {
    const { response, end } = parseResponse(rest, method);
    responses.push(response);
    rest = rest.subarray(end);
  }
  if (rest.length > 0) {
    throw new Error(`Left over: ${JSON.stringify(rest.toString('latin1'))}`);
  }
  return responses;
}

function parseResponse(bytes: Buffer, method: string): Part {
  const informational: number[] = [];
  let start = 0;
  for (;;) {
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd < 0) {
      throw new Error(`No head in ${JSON.stringify(bytes.toString('latin1', start))}`);
    }
    const { status, headers } = parseHead(bytes.toString('latin1', start, headEnd));
    start = headEnd + HEAD_END.length;
    if (status > 100 && status < 200 && status !== 101) {
      informational.push(status);
    } else if (status === 100) {
      informational.push(status);
    } else {
      const { body, end } = parseBody(bytes.subarray(start), method, status, headers);
      return { response: { informational, status, headers, body }, end: start + end };
    }
  }
}

function parseHead(head: string): { status: number; headers: Map<string, string> } {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
  if (status === undefined) {
    throw new Error(`No status line: ${statusLine}`);
  }
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(headers) };
}

function parseBody(
  bytes: Buffer,
  method: string,
  status: number,
  headers: ReadonlyMap<string, string>,
): { body: Buffer; end: number } {
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { body: Buffer.alloc(0), end: 0 };
  }
  if (headers.get('transfer-encoding')?.endsWith('chunked')) {
    return parseChunks(bytes);
  }
  // A length that is not kept shows as bytes left over, or as a body that is too short.
  const length = Number(headers.get('content-length') ?? bytes.length);
  const body = bytes.subarray(0, length);
  return { body, end: body.length };
}

function parseChunks(bytes: Buffer): { body: Buffer; end: number } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) {
      throw new Error(`No chunk at ${at}`);
    }
    if (size === 0) {
      return { body: Buffer.concat(chunks), end: endOfTrailers(bytes, lineEnd) };
    }
    const start = lineEnd + 2;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') {
      throw new Error(`The chunk at ${at} is not ${size} bytes long`);
    }
    chunks.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}

function endOfTrailers(bytes: Buffer, sizeLineEnd: number): number {
  const end = bytes.indexOf(HEAD_END, sizeLineEnd);
  if (end < 0) {
    throw new Error('The last chunk has no end');
  }
  return end + HEAD_END.length;
}
