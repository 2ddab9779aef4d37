import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { root } from '../sandbox.mjs';

const certificates = join(root, 'test', 'certs');
export const authority = join(certificates, 'ca.pem');

/** A server that greets, while the body runs with its URL. */
export async function withUpstream(body, { secure = false } = {}) {
  const options = {
    cert: readFileSync(join(certificates, 'localhost.pem')),
    key: readFileSync(join(certificates, 'localhost.key')),
  };
  const greet = (_request, response) => response.end('hello');
  const server = secure ? https.createServer(options, greet) : http.createServer(greet);
  return withServer(server, (port) => body(`http${secure ? 's' : ''}://localhost:${port}/`));
}

/** Takes OTLP over HTTP as JSON; the body gets its URL, and the spans that have come. */
export async function withCollector(body) {
  const spans = [];
  const server = http.createServer(async (request, response) => {
    const { resourceSpans = [] } = await json(request);
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name').value.stringValue;
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ service, ...span });
      }
    }
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  });
  return withServer(server, (port) => body(`http://127.0.0.1:${port}`, spans));
}

/** Runs the body with the port of the server, which is closed then. */
export async function withServer(server, body) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await body(server.address().port);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
