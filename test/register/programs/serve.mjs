// Makes a request, and goes on until a signal ends it.
import { createServer } from 'node:http';

const HANDLERS = {
  none: () => undefined,
  exitAfterInput: () => process.on('SIGTERM', () => process.stdin.resume().on('end', () => process.exit(7))),
  // As the signal-exit package does, for one.
  ifAlone: () => process.on('SIGTERM', endIfAlone),
  once: () => process.once('SIGTERM', makeRequest),
};

const server = createServer((_request, response) => response.end('hello')).listen(
  0,
  '127.0.0.1',
  makeRequest,
);
HANDLERS[process.env.HANDLER ?? 'none']();

async function makeRequest() {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
  process.stdout.write(`${await response.text()}\n`);
}

function endIfAlone() {
  if (process.listenerCount('SIGTERM') === 1) {
    process.removeListener('SIGTERM', endIfAlone);
    process.kill(process.pid, 'SIGTERM');
  }
}
