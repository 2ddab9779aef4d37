import http from 'node:http';
import net from 'node:net';

/** A forward proxy for HTTPS: it connects where CONNECT says, and passes bytes on. */
export function startProxy() {
  const proxy = http.createServer();
  proxy.on('connect', (request, downstream, head) => {
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = net.connect(Number(port || 443), hostname, () => {
      downstream.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(downstream).pipe(upstream);
    });
    upstream.on('error', () => downstream.destroy());
    downstream.on('error', () => upstream.destroy());
  });
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => resolve({ proxy, url: `http://127.0.0.1:${proxy.address().port}` }));
  });
}
