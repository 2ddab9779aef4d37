const express = require('express');

const upstream = process.env.UPSTREAM ?? 'https://example.com/';
const app = express();

app.get('/health', (_request, response) => response.send('ok'));

app.get('/books/:id', async (request, response) => {
  const answer = await fetch(upstream);
  response.json({ id: request.params.id, upstream: answer.status, characters: (await answer.text()).length });
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}/books/7`);
});
