import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Listens on a free port, or at this path, until the test is over; then each connection is closed as well. */
export async function listen(server: Server, path?: string): Promise<number> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  if (path === undefined) {
    server.listen(0, '127.0.0.1');
  } else {
    server.listen(path);
  }
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of open) {
      socket.destroy();
    }
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
