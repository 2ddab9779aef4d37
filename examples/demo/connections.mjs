// A new, a reused, a queued and a failed connection: the drawings of docs/connections.md.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { openBookshop } from './bookshop.mjs';
import { startTelemetry } from './telemetry.mjs';

const telemetry = startTelemetry({ servers: false });
const { shop, nobody, close } = await openBookshop();
const ca = readFileSync(new URL('../../test/certs/ca.pem', import.meta.url));
// One connection, one request at a time on it: whoever comes second has to wait.
const client = new Client(shop, { connect: { ca } });

async function draw(what, ...requests) {
  console.log(`— ${what}\n`);
  await Promise.all(requests.map((request) => request().catch(() => undefined)));
  await sleep(20);
  await telemetry.forceFlush();
}

const get = (path) => async () => (await client.request({ path, method: 'GET' })).body.dump();

await draw('new', get('/catalog'));
await draw('reused', get('/catalog'));
await draw('two at once: the second is queued behind the first', get('/cover'), get('/catalog'));
await draw('failed', () => fetch(nobody));

await client.close();
close();
await telemetry.shutdown();
