import { once } from 'node:events';
import { createRequire } from 'node:module';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { HttpTraceInstrumentation } from 'opentelemetry-instrumentation-httptrace';
import { printRequests } from './harness.mjs';
import { CLIENT_HOOKS_OFF } from './hooks.mjs';
import { startTelemetry } from './telemetry.mjs';

const REQUESTS = 300;
const ROUNDS = 15;

/**
 * GET requests over a real socket that is kept alive, one after the other; the subjects take turns.
 *
 * @returns {Promise<{ name: string, nsPerRequest: number, ratio: number }[]>} The ratio is what is added to the bare
 *   request, to what the peer adds.
 */
export async function nodeHttpRows() {
  const { processor, sampled, unsampled, meterProvider } = startTelemetry();
  const peer = new HttpInstrumentation({ disableIncomingRequestInstrumentation: true });
  // Only now: the peer patches what is required after it was made.
  const http = createRequire(import.meta.url)('http');
  const ours = (client) =>
    new HttpTraceInstrumentation({ enabled: false, client, server: { enabled: false } });
  const subject = (name, spans, instrumentation, provider = sampled) => {
    instrumentation?.setTracerProvider(provider);
    instrumentation?.setMeterProvider(meterProvider);
    instrumentation?.disable();
    return { name, spans, instrumentation, times: [] };
  };
  const subjects = [
    subject('nothing', 0),
    subject('httptrace, all default hooks', 1, ours({})),
    subject('httptrace, hooks off', 1, ours({ hooks: CLIENT_HOOKS_OFF })),
    subject('httptrace, not sampled', 0, ours({}), unsampled),
    subject('instrumentation-http 0.223', 1, peer),
  ];
  const server = http.createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const get = () =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: server.address().port, path: '/orders/42', agent };
      http.get(options, (response) => response.on('end', resolve).resume()).on('error', reject);
    });
  for (let round = -2; round < ROUNDS; round++) {
    for (const { name, spans, instrumentation, times } of subjects) {
      instrumentation?.enable();
      const before = processor.ended;
      const start = process.cpuUsage();
      for (let request = 0; request < REQUESTS; request++) {
        await get();
      }
      // The processor's time: on a real socket, waiting says more of the machine than of the program.
      const { user, system } = process.cpuUsage(start);
      const ns = ((user + system) * 1000) / REQUESTS;
      instrumentation?.disable();
      if (processor.ended - before !== spans * REQUESTS) {
        throw new Error(`${name}: ${processor.ended - before} spans for ${REQUESTS} requests`);
      }
      if (round >= 0) {
        times.push(ns);
      }
    }
  }
  agent.destroy();
  server.close();
  const [bare, ...others] = subjects.map(({ name, times }) => ({ name, nsPerRequest: Math.min(...times) }));
  const added = others.at(-1).nsPerRequest - bare.nsPerRequest;
  return [bare, ...others].map(({ name, nsPerRequest }) => ({
    name,
    nsPerRequest,
    ratio: (nsPerRequest - bare.nsPerRequest) / added,
  }));
}

if (process.argv[1] === import.meta.filename) {
  printRequests(
    'Client, node:http: one GET on a reused connection, over a real socket',
    'added, ratio to the peer',
    await nodeHttpRows(),
  );
}
