import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

/** Starts a service; resolves with the process and its URL. */
async function start(name, next) {
  const service = fork('./service.js', {
    execArgv: ['--import', './instrumentation.js'],
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: name,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      ...(next && { NEXT: next.url }),
    },
  });
  const [url] = await once(service, 'message');
  return { service, url };
}

const stock = await start('stock');
const orders = await start('orders', stock);
const storefront = await start('storefront', orders);

// The trace begins here, so that its id is known.
const traceId = randomBytes(16).toString('hex');
const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
const response = await fetch(storefront.url, { headers: { traceparent } });
console.log((await response.json()).join(' → '));

// SIGTERM lets them send what they have recorded.
for (const { service } of [storefront, orders, stock]) {
  service.kill('SIGTERM');
  await once(service, 'exit');
}
console.log(`http://localhost:16686/trace/${traceId}`);
