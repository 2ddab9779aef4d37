import http from 'node:http';
import { captureMetrics } from 'opentelemetry-instrumentation-httptrace/httpsnoop';

function handler(request, response) {
  if (request.url === '/missing') {
    response.writeHead(404).end('not here\n');
  } else {
    response.write('hello\n');
    response.end('world\n');
  }
}

// An access log that tells what was really sent, also of responses that were cut short.
const server = http.createServer(async (request, response) => {
  const { code, written, duration } = await captureMetrics(handler, request, response);
  console.log(`${request.method} ${request.url} ${code} ${written} bytes in ${duration.toFixed(1)} ms`);
});

server.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}/`);
});
