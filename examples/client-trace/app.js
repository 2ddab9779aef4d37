import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { withClientTrace } from 'opentelemetry-instrumentation-httptrace/httptrace';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const started = performance.now();
const say = (...words) =>
  console.log(`${(performance.now() - started).toFixed(1).padStart(8)} ms `, ...words);

const trace = {
  getConn: (hostPort) => say('wants a connection to', hostPort),
  dnsStart: ({ host }) => say('looks up', host),
  dnsDone: ({ addrs, err }) => say('finds', err?.message ?? addrs.map(({ address }) => address).join(', ')),
  connectStart: (_network, addr) => say('dials', addr),
  connectDone: (_network, addr, err) => say(err ? err.message : `is connected to ${addr}`),
  tlsHandshakeDone: ({ version, cipherSuite }, err) =>
    say(err ? err.message : `speaks ${version}, ${cipherSuite}`),
  gotConn: ({ reused, idleTime }) =>
    say(reused ? `reuses a connection, idle for ${idleTime} ms` : 'has a new connection'),
  wroteRequest: ({ err }) => say(err ? err.message : 'has sent the request'),
  gotFirstResponseByte: () => say('sees the first byte of the response'),
};

const url = process.argv[2] ?? 'https://example.com/';
await context.with(withClientTrace(context.active(), trace), async () => {
  const response = await fetch(url);
  await response.text();
  say('is done:', response.status);
});
