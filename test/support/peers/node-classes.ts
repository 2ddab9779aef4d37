import { once } from 'node:events';
import * as http2 from 'node:http2';
import type { AddressInfo } from 'node:net';

/** The prototype of the streams of HTTP/2 servers, of which Node exports no class. */
export async function serverStreamPrototype(): Promise<object> {
  const server = http2.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.request().on('error', () => undefined);
  const [found] = (await once(server, 'stream')) as [http2.ServerHttp2Stream];
  session.destroy();
  server.close();
  return Object.getPrototypeOf(found);
}
