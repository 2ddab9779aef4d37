import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../support/servers/listen.js';
import { fetchTrace, type Jaeger, jaegerIsThere, openJaeger } from './jaeger.js';

/** Where the page is, is known only of a Jaeger on this machine. */
const LINK = /(?:in Jaeger: http:\/\/localhost:16686\/trace\/|^trace )([0-9a-f]{32})$/gm;

describe.skipIf(!jaegerIsThere)(
  'programs that send to a real Jaeger (npm run test:jaeger obtains one)',
  () => {
    let jaeger: Jaeger;

    beforeAll(async () => {
      jaeger = await openJaeger();
    }, 60_000);

    afterAll(() => jaeger.stop());

    /** The ids of the traces to which the program prints links. */
    async function linked(args: string[]): Promise<string[]> {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
        env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.endpoint },
      });
      expect(stderr).toBe('');
      return [...stdout.matchAll(LINK)].map(([, traceId = '']) => traceId);
    }

    it('npm run demo -- --otlp links each of its traces', { timeout: 30_000 }, async () => {
      const traceIds = await linked(['examples/demo/demo.mjs', '--otlp']);
      expect(new Set(traceIds).size).toBe(6);
      const first = await fetchTrace(jaeger.queryUrl, traceIds[0] ?? '', 9);
      expect(first.map(({ operationName }) => operationName).sort()).toEqual([
        'GET',
        'GET',
        'http.connect',
        'http.dns',
        'http.getconn',
        'http.receive',
        'http.send',
        'http.tls',
        'http.wait',
      ]);
      const services = await fetch(`${jaeger.queryUrl}/api/services`);
      expect(await services.json()).toMatchObject({ data: expect.arrayContaining(['bookshop']) });
    });

    it('httptrace --otlp links its trace', { timeout: 30_000 }, async () => {
      const port = await listen(createServer((_request, response) => response.end('hello')));
      const traceIds = await linked(['dist/cli.js', '--otlp', `http://127.0.0.1:${port}/`]);
      expect(traceIds).toHaveLength(1);
      const spans = await fetchTrace(jaeger.queryUrl, traceIds[0] ?? '', 7);
      expect(spans.map(({ operationName }) => operationName).sort()).toEqual([
        'GET',
        'http.connect',
        'http.getconn',
        'http.receive',
        'http.send',
        'http.wait',
        'httptrace',
      ]);
    });
  },
);
