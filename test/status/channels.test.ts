import * as diagnosticsChannel from 'node:diagnostics_channel';
import { createServer, get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { channelStatuses } from '../../src/status/channels.js';
import { openSession, resultOf } from '../support/clients/http2-sessions.js';
import { UNDICI_FLAVOURS } from '../support/clients/undici-flavours.js';
import { listen } from '../support/servers/listen.js';
import { streamServer } from '../support/servers/stream-server.js';

const CHANNELS = Object.keys(channelStatuses(new Map()));

/** Channels of what goes wrong. */
const FAILURES = ['undici:client:connectError', 'undici:request:error'];

/** Those that publish something while a request is answered. */
function watchChannels(): Set<string> {
  const published = new Set<string>();
  for (const name of CHANNELS) {
    const note = () => published.add(name);
    diagnosticsChannel.subscribe(name, note);
    onTestFinished(() => {
      diagnosticsChannel.unsubscribe(name, note);
    });
  }
  return published;
}

/** Those that the status says are published by that release. */
function channelsOf(publisher: string): string[] {
  return Object.entries(channelStatuses(new Map()))
    .filter(([name, { publishers }]) => publishers.includes(publisher) && !FAILURES.includes(name))
    .map(([name]) => name);
}

async function startServer(): Promise<string> {
  const server = createServer((request, response) => request.resume().on('end', () => response.end('hello')));
  return `http://127.0.0.1:${await listen(server)}`;
}

describe('channels', () => {
  it.each(UNDICI_FLAVOURS)(
    'of $name are those that it publishes on',
    async ({ version, installed, fetch, Agent }) => {
      const url = await startServer();
      const published = watchChannels();
      const dispatcher = new Agent();

      await (await fetch(url, { method: 'POST', body: 'hello', dispatcher })).text();
      await dispatcher.close();

      const publisher = installed === undefined ? `undici ${version} (in Node)` : `undici ${version}`;
      const ofUndici = [...published].filter((name) => name.startsWith('undici:'));
      expect(ofUndici.sort()).toEqual(channelsOf(publisher).sort());
    },
  );

  it('of Node are those that it publishes on', async () => {
    const url = await startServer();
    const published = watchChannels();

    await new Promise((resolve) => get(url, (response) => response.resume().on('close', resolve)));
    const stream = openSession((await streamServer()).origin).request({ ':method': 'POST' });
    stream.end('hello');
    await resultOf(stream);

    expect([...published].sort()).toEqual(channelsOf(`node ${process.versions.node}`).sort());
  });

  it('tell whether they are listened to, and how many messages came', () => {
    const uses = new Map([['undici:request:create', { listeners: 1, messages: 3 }]]);

    const statuses = channelStatuses(uses);

    expect(statuses['undici:request:create']).toMatchObject({ listening: true, messages: 3 });
    expect(statuses['undici:request:error']).toMatchObject({ listening: false, messages: 0 });
  });
});
