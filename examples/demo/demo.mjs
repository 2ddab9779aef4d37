// `npm run demo`: real requests against local servers, each drawn as a waterfall.
// `npm run demo -- --otlp` also sends them to Jaeger.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openBookshop } from './bookshop.mjs';
import { startTelemetry } from './telemetry.mjs';

/** Should the machine's resolver not answer, an unknown host fails after this long. */
const PATIENCE_MS = 2_000;

/** Between two requests: the connection goes back to the pool, the server closes its side of the exchange. */
const PAUSE_MS = 20;

/** Node reads further certificate authorities when it starts, and only then. */
function trustTheBookshop() {
  const authority = fileURLToPath(new URL('../../test/certs/ca.pem', import.meta.url));
  if (process.env.NODE_EXTRA_CA_CERTS === authority) {
    return true;
  }
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  return false;
}

async function main() {
  const jaeger = process.argv.includes('--otlp') ? (await import('./jaeger.mjs')).sendToJaeger() : undefined;
  // Jaeger draws spans as bars, and events as ticks without a length.
  const telemetry = startTelemetry(jaeger ? { phases: 'spans', processors: [jaeger.processor] } : {});
  const { shop, till, nobody, close } = await openBookshop();

  async function show(what, url, init) {
    console.log(`— ${what}\n`);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    await fetch(url, { signal, ...init }).then(
      (response) => response.text(),
      () => undefined,
    );
    await sleep(PAUSE_MS);
    await telemetry.forceFlush();
    if (jaeger) {
      console.log(`${jaeger.link()}\n`);
    }
  }

  const order = { method: 'POST', body: JSON.stringify({ title: 'Moby-Dick', copies: 1 }) };
  await show('a first request: name, connection and TLS take their time', `${shop}/catalog`);
  await show('the next one finds the connection there', `${shop}/catalog`);
  await show('a 103 Early Hints comes before the answer', `${shop}/cover`);
  await show('a POST, to an address and without TLS', `${till}/orders`, order);
  await show('a port on which nobody listens', nobody);
  await show('a host that nobody knows', 'http://bookshop.invalid/');

  close();
  await telemetry.shutdown();
}

if (trustTheBookshop()) {
  await main();
}
