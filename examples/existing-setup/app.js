const http = require('node:http');

const upstream = process.env.UPSTREAM ?? 'https://example.com/';

const server = http.createServer(async (_request, response) => {
  const answer = await fetch(upstream);
  response.end(`upstream says ${answer.status}, ${(await answer.text()).length} characters\n`);
});
server.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}/`);
});
