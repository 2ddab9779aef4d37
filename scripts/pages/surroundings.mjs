// What a page takes for granted: a collector, and https://example.com/.
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withCollector, withServer } from '../examples/servers.mjs';
import { newFolder, root } from '../sandbox.mjs';

const certificates = join(root, 'test', 'certs');
const certificate = join(certificates, 'example.com.pem');

/** Runs the body with the variables of a shell in which both are there, and the spans that the collector was sent. */
export function withSurroundings(body) {
  return withExampleCom((port) =>
    withCollector((endpoint, spans) =>
      body({
        spans,
        env: {
          COLUMNS: '100',
          OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          NODE_EXTRA_CA_CERTS: authorities(),
          NODE_OPTIONS: `--import ${pathToFileURL(join(root, 'scripts', 'pages', 'example-com.mjs'))}`,
          EXAMPLE_COM_PORT: String(port),
        },
      }),
    ),
  );
}

/** A file of that server's certificate, and those that the machine itself has been told of. */
function authorities() {
  const known = process.env.NODE_EXTRA_CA_CERTS;
  const file = join(newFolder('authorities'), 'all.pem');
  writeFileSync(
    file,
    [certificate, ...(known ? [known] : [])].map((path) => readFileSync(path, 'utf8')).join('\n'),
  );
  return file;
}

function withExampleCom(body) {
  const server = https.createServer(
    { cert: readFileSync(certificate), key: readFileSync(join(certificates, 'example.com.key')) },
    (_request, response) => response.end('Example Domain'),
  );
  return withServer(server, body);
}
