import { createReadStream } from 'node:fs';
import http from 'node:http';
import { withServer } from '../examples/servers.mjs';
import { manifest, npm, root } from '../sandbox.mjs';

const TARBALL = '/this-package.tgz';

/** A registry in which this package is published as `pack()` has made it; for everything else it names the real one. */
export async function withRegistry({ file, integrity, shasum }, body) {
  const { stdout } = await npm(['config', 'get', 'registry'], { cwd: root });
  const elsewhere = stdout.trim().replace(/\/$/, '');
  const server = http.createServer((request, response) => {
    const { host } = request.headers;
    if (request.url === `/${manifest.name}`) {
      const dist = { tarball: `http://${host}${TARBALL}`, integrity, shasum };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(published(dist)));
    } else if (request.url === TARBALL) {
      createReadStream(file).pipe(response);
    } else {
      response.writeHead(307, { location: `${elsewhere}${request.url}` }).end();
    }
  });
  return withServer(server, (port) => body(`http://127.0.0.1:${port}/`));
}

function published(dist) {
  const { name, version } = manifest;
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}
