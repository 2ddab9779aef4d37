import Fastify from 'fastify';

const upstream = process.env.UPSTREAM ?? 'https://example.com/';
const app = Fastify();

app.get('/books/:id', async (request) => {
  const answer = await fetch(upstream);
  return { id: request.params.id, upstream: answer.status, characters: (await answer.text()).length };
});

const address = await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`${address}/books/7`);
