import { context } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { withClientTrace } from '../../../../src/httptrace.js';
import { httpAgent, nodeRequest } from '../../../support/clients/node-clients.js';
import { onEachHead, rawServer } from '../../../support/servers/raw-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** What the program sees of a request whose informational responses are refused. */
function refused(origin: string, refusal: unknown): Promise<string[]> {
  const seen: string[] = [];
  const trace = { got1xxResponse: () => refusal as Error | undefined };
  const request = context.with(withClientTrace(context.active(), trace), () =>
    nodeRequest(origin, { agent: httpAgent() }),
  );
  return new Promise((resolve) => {
    request
      .on('error', (error) => seen.push(`error ${error.message}`))
      .on('response', (response) => response.on('end', () => seen.push('response')).resume())
      .on('close', () => resolve(seen))
      .end();
  });
}

describe('an Error that got1xxResponse returns', () => {
  it.each([
    ['100 Continue', { expect: '100-continue', 'content-length': 2 }],
    ['102 Processing', {}],
    ['103 Early Hints', {}],
  ])('for a %s is the very error of the request', async (line, headers) => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => socket.write(`HTTP/1.1 ${line}\r\n\r\n`)),
    );
    telemetry.instrument();
    const refusal = new RangeError('not this one');
    const told: number[] = [];
    const got1xxResponse = (code: number) => {
      told.push(code);
      return refusal;
    };
    const request = context.with(withClientTrace(context.active(), { got1xxResponse }), () =>
      nodeRequest(origin, { agent: httpAgent(), method: 'POST', headers }),
    );
    const failed = new Promise((resolve) => request.on('error', resolve));
    request.flushHeaders();

    expect(await failed).toBe(refusal);
    expect(told).toEqual([Number.parseInt(line, 10)]);
    expect((await telemetry.onlyShown()).attributes['error.type']).toBe('RangeError');
  });

  it.each([
    ['alone', [HINTS]],
    ['together with the response', [HINTS + OK]],
    ['together with another one', [HINTS + HINTS, OK]],
  ])('aborts the request with that error, when the informational response comes %s', async (_name, parts) => {
    const { origin } = await rawServer((socket) =>
      onEachHead(socket, () => {
        for (const part of parts) {
          socket.write(part);
        }
      }),
    );
    telemetry.instrument();

    expect(await refused(origin, new RangeError('no hints, please'))).toEqual(['error no hints, please']);
    expect(await telemetry.onlyShown()).toMatchObject({
      status: { code: 'ERROR', message: 'no hints, please' },
      attributes: { 'error.type': 'RangeError', 'httptrace.failed_phase': 'wait' },
    });
  });

  it.each([
    ['nothing', undefined],
    ['a number', 3],
    ['null', null],
  ])('aborts nothing when it is %s', async (_name, result) => {
    const { origin } = await rawServer((socket) => onEachHead(socket, () => socket.write(HINTS + OK)));
    telemetry.instrument();

    expect(await refused(origin, result)).toEqual(['response']);
    expect(await telemetry.onlyShown()).toMatchObject({ status: { code: 'UNSET' } });
  });
});
