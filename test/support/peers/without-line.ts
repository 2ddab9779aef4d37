import { once } from 'node:events';
import { createRequire } from 'node:module';
import { SpanKind } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { listen } from '../servers/listen.js';
import { eventNames, useExistingSetup } from './existing-setup.js';

const http: typeof import('node:http') = createRequire(__filename)('http');

const WARNING = (side: string): string =>
  `httptrace: ${side}.span is 'existing', but no span was given for a request, so nothing was recorded; ` +
  'give instrumentation.useSpan to the other instrumentation, as its requestHook';

/** Without the line that gives us their spans; one side is warned of once in a process, so a file has one such test. */
export function testWithoutLine(phases: 'events' | 'linked-spans'): void {
  const setup = useExistingSetup(['ours', 'undici', 'http']);

  it('nothing is recorded, and one warning for each side says what to do', async () => {
    setup.callWith(undefined);
    setup.configure({ client: { phases } });
    const port = await listen(http.createServer((_req, res) => res.end('hello')));
    for (let i = 0; i < 3; i++) {
      await (await fetch(`http://127.0.0.1:${port}/`)).text();
      const request = http.get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume());
      await once(request, 'close');
    }
    const spans = await setup.telemetry.all();
    expect(spans.map(({ kind }) => kind).sort()).toEqual([
      ...Array.from({ length: 6 }, () => SpanKind.SERVER),
      ...Array.from({ length: 6 }, () => SpanKind.CLIENT),
    ]);
    expect(spans.flatMap(eventNames)).toEqual([]);
    expect(
      spans
        .flatMap(({ attributes }) => Object.keys(attributes))
        .filter((key) => /httptrace|http\.conn/.test(key)),
    ).toEqual([]);
    expect(setup.complaints.sort()).toEqual([[WARNING('client')], [WARNING('server')]]);
  });
}
