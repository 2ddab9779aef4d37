import { channel } from 'node:diagnostics_channel';
import * as http from 'node:http';
import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  observeRequestCreated,
  PUBLISHES_REQUEST_CREATED,
} from '../../../src/source/node/node20-request-created.js';
import { refusedPort } from '../../support/servers/raw-server.js';

describe('where the head of a request is made', () => {
  it('the request is told, before its headers are final, and only once', async () => {
    const told: [unknown, boolean][] = [];
    const stop = observeRequestCreated(
      (request) => told.push([request, (request as http.ClientRequest).headersSent]),
      () => undefined,
    );
    onTestFinished(stop);
    const port = await refusedPort();
    const request = http.request({ port, host: '127.0.0.1', method: 'POST' }).on('error', () => undefined);
    expect(told).toEqual([]);
    request.write('begun');
    request.end('done');
    expect(told).toEqual([[request, false]]);
  });

  it('nothing is changed when telling fails', async () => {
    const reports: string[] = [];
    const stop = observeRequestCreated(
      () => {
        throw new Error('a failure of ours');
      },
      (message) => reports.push(message),
    );
    onTestFinished(stop);
    const request = http.get({ port: await refusedPort(), host: '127.0.0.1' }).on('error', () => undefined);
    expect(request.headersSent).toBe(true);
    expect(reports).toHaveLength(1);
  });
});

it('says whether Node itself tells of new requests', async () => {
  const port = await refusedPort();
  const told: unknown[] = [];
  const listener = (message: unknown) => told.push(message);
  channel('http.client.request.created').subscribe(listener);
  http.get({ port, createConnection: () => net.connect(port, '127.0.0.1') }).on('error', () => undefined);
  channel('http.client.request.created').unsubscribe(listener);
  expect(told).toHaveLength(PUBLISHES_REQUEST_CREATED ? 1 : 0);
});
