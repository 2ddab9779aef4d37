const { createServer } = require('node:http');

const server = createServer((_request, response) => response.end('hello')).listen(
  0,
  '127.0.0.1',
  async () => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
    process.stdout.write(`${await response.text()}\n`);
    process.exitCode = 3;
    server.close();
  },
);
