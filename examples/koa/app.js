const Router = require('@koa/router');
const Koa = require('koa');

const upstream = process.env.UPSTREAM ?? 'https://example.com/';
const router = new Router();

router.get('/books/:id', async (ctx) => {
  const answer = await fetch(upstream);
  ctx.body = { id: ctx.params.id, upstream: answer.status, characters: (await answer.text()).length };
});

const app = new Koa().use(router.routes());
const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`http://localhost:${server.address().port}/books/7`);
});
