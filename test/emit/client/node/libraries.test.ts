import { describe, expect, it } from 'vitest';
import { HTTP_LIBRARIES } from '../../../support/clients/http-libraries.js';
import { silentServer } from '../../../support/servers/raw-server.js';
import { type Answer, httpServer } from '../../../support/servers/truthful-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

/** Says what it was sent; `/first` leads to `/second`. */
const echo: Answer = async (req, res) => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) {
    chunks.push(chunk);
  }
  if (req.url === '/first') {
    res.writeHead(302, { location: '/second' }).end();
    return;
  }
  const { traceparent, ...headers } = req.headers;
  const traceparents = req.rawHeaders.filter((name) => name.toLowerCase() === 'traceparent').length;
  res.setHeader('content-type', 'text/plain').statusCode = req.url === '/missing' ? 404 : 200;
  res.end(
    JSON.stringify({
      method: req.method,
      headers,
      traceparents,
      traceparent,
      body: Buffer.concat(chunks).toString(),
    }),
  );
};

describe.each(HTTP_LIBRARIES)('$name', ({ ask, timesOutAs }) => {
  it.each([
    ['a GET', {}],
    ['a POST', { method: 'POST', json: { hello: 'world' } } as const],
  ])('sends %s as it would have, and one traceparent', async (_name, asking) => {
    const { origin } = await httpServer(echo);
    const without = JSON.parse((await ask(`${origin}/a`, asking)).body);
    telemetry.instrument();

    const { status, body } = await ask(`${origin}/a`, asking);

    const { traceparents, traceparent, ...sent } = JSON.parse(body);
    const { traceparents: none, ...expected } = without;
    expect(status).toBe(200);
    expect({ none, traceparents, sent }).toEqual({ none: 0, traceparents: 1, sent: expected });
    const span = await telemetry.only();
    expect(traceparent).toBe(`00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`);
    expect(span.attributes).toMatchObject({
      'url.full': `${origin}/a`,
      'http.request.method': expected.method,
      'http.response.status_code': 200,
    });
    expect(span.status).toEqual({ code: 0 });
  });

  it('has a span for each hop of a redirect', async () => {
    const { origin } = await httpServer(echo);
    telemetry.instrument();
    const { status } = await ask(`${origin}/first`);
    expect(status).toBe(200);
    const spans = await telemetry.shown();
    expect(
      spans.map(({ attributes }) => [attributes['url.full'], attributes['http.response.status_code']]).sort(),
    ).toEqual([
      [`${origin}/first`, 302],
      [`${origin}/second`, 200],
    ]);
    expect(spans.map(({ status }) => status)).toEqual([{ code: 'UNSET' }, { code: 'UNSET' }]);
  });

  it('is given a 404 as an error of the span alone', async () => {
    const { origin } = await httpServer(echo);
    telemetry.instrument();
    expect((await ask(`${origin}/missing`)).status).toBe(404);
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR' },
      attributes: { 'error.type': '404' },
    });
  });

  it('may be aborted, which is no error', async () => {
    const { origin, received } = await silentServer();
    telemetry.instrument();
    const controller = new AbortController();
    const asked = ask(origin, { signal: controller.signal }).catch(() => 'aborted');
    await received;
    controller.abort();
    await asked;
    const { status, attributes } = await telemetry.onlyShown();
    expect(status).toEqual({ code: 'UNSET' });
    expect(attributes).not.toHaveProperty(['error.type']);
  });

  it('may run out of time, which is an error if it says so', async () => {
    const { origin } = await silentServer();
    telemetry.instrument();
    await expect(ask(origin, { timeout: 100 })).rejects.toThrow();
    const { status, attributes } = await telemetry.onlyShown();
    expect({ status: status.code, type: attributes['error.type'] }).toEqual({
      status: timesOutAs === undefined ? 'UNSET' : 'ERROR',
      type: timesOutAs,
    });
  });

  it('reuses connections as it would have', async () => {
    const { origin, connections } = await httpServer(echo);
    telemetry.instrument();
    for (const n of [1, 2, 3]) {
      await ask(`${origin}/${n}`);
    }
    const spans = await telemetry.shown();
    const dialled = spans.filter(({ events }) => events.some(([name]) => name === 'http.connect.done'));
    expect(dialled).toHaveLength(connections.length);
    expect(spans.filter(({ attributes }) => attributes['http.conn.reused'] === false)).toHaveLength(
      connections.length,
    );
  });
});
