// A service that asks the next one, if there is one, before it answers.
import http from 'node:http';

const name = process.env.OTEL_SERVICE_NAME;
const { NEXT } = process.env;

const server = http.createServer(async (_request, response) => {
  const rest = NEXT ? await (await fetch(NEXT)).json() : [];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify([name, ...rest]));
});
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}/`));
