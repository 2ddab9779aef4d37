import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const certificates = new URL('../../test/certs/', import.meta.url);

/** A shop on https and its till on http, both slow enough to be seen. */
export async function openBookshop() {
  const shop = https.createServer(
    {
      cert: readFileSync(new URL('localhost.pem', certificates)),
      key: readFileSync(new URL('localhost.key', certificates)),
    },
    serve,
  );
  const till = http.createServer(serve);
  return {
    shop: `https://localhost:${await listen(shop)}`,
    till: `http://127.0.0.1:${await listen(till)}`,
    nobody: `http://127.0.0.1:${await closedPort()}`,
    close() {
      for (const server of [shop, till]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function serve(request, response) {
  switch (request.url) {
    case '/cover':
      await sleep(15);
      response.writeEarlyHints({ link: '</cover.css>; rel=preload; as=style' });
      await sleep(25);
      return page(response, 200, 2);
    case '/orders':
      await text(request);
      await sleep(30);
      return page(response, 201, 1);
    default:
      await sleep(25);
      return page(response, 200, 4);
  }
}

/** The head at once, then the body in parts. */
async function page(response, status, parts) {
  response.writeHead(status, { 'content-type': 'text/html' });
  response.flushHeaders();
  for (let part = 0; part < parts; part += 1) {
    await sleep(10);
    response.write('<p>once upon a time</p>\n'.repeat(500));
  }
  response.end();
}

async function listen(server) {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return server.address().port;
}

async function closedPort() {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
