import { createServer, type Http2Stream } from 'node:http2';
import { trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { connectHttp2, http2Request } from '../../support/clients/http2-client.js';
import { listen } from '../../support/servers/listen.js';
import { useServedSpans } from '../../support/telemetry/served-spans.js';

const served = useServedSpans();

test("a program's listeners of a stream run in its context, beside those of Node's compatibility API", async () => {
  served.record();
  const seen: Record<string, unknown>[] = [];
  const server = createServer((req, res) => {
    const spans: Record<string, unknown> = {};
    seen.push(spans);
    const note = (what: string) => (): void => {
      spans[what] ??= trace.getActiveSpan()?.spanContext().spanId;
    };
    const stream: Http2Stream = res.stream;
    for (const event of ['end', 'close', 'finish', 'newListener', 'removeListener']) {
      stream.on(event, note(event));
    }
    req.resume();
    res.end('hello');
  });
  const session = await connectHttp2(await listen(server));
  onTestFinished(() => session.destroy());
  await http2Request(session);
  await http2Request(session);
  const ids = (await served.spans(2)).map((span) => span.spanContext().spanId);
  expect(seen).toEqual(
    ids.map((id) => ({ end: id, close: id, finish: id, newListener: id, removeListener: id })),
  );
});

test("a program's listeners of a request run in its context, beside those of Node's compatibility API", async () => {
  served.record();
  const seen: unknown[] = [];
  const server = createServer((req, res) => {
    // Node resumes a request that nobody reads, from where the stream is closed.
    req.on('resume', () => seen.push(trace.getActiveSpan()?.spanContext().spanId));
    res.end('hello');
  });
  const session = await connectHttp2(await listen(server));
  onTestFinished(() => session.destroy());
  await http2Request(session);
  await http2Request(session);
  const spans = await served.spans(2);
  await expect.poll(() => seen).toEqual(spans.map((span) => span.spanContext().spanId));
});
