import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

/** Listens, and then never runs again: nobody accepts what the system has taken. */
const LISTENING = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer().listen({ port: workerData.port, host: workerData.host, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(workerData.never), 0, 0);
  });
`;

/** How many connections the system takes with this backlog: one more than it says. */
const TAKEN = 2;

/** A port where a dial is neither answered nor refused, for its queue is full. Until the test is over. */
export async function blackHole(host = '127.0.0.1', port = 0): Promise<number> {
  const never = new SharedArrayBuffer(4);
  const worker = new Worker(LISTENING, { eval: true, workerData: { host, port, never } });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const [bound]: [number] = await Promise.race([
    once(worker, 'message') as Promise<[number]>,
    once(worker, 'error').then(([error]) => Promise.reject(error)),
  ]);
  const queued = Array.from({ length: TAKEN }, () => connect(bound, host));
  for (const socket of queued) {
    onTestFinished(() => void socket.destroy());
  }
  await Promise.all(queued.map((socket) => once(socket, 'connect')));
  return bound;
}
