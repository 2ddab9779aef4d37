import * as diagnosticsChannel from 'node:diagnostics_channel';
import { type EventEmitter, once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { withClientTrace } from '../../../../src/httptrace.js';
import { askHttp2, openSession, resultOf } from '../../../support/clients/http2-sessions.js';
import { survivors } from '../../../support/garbage.js';
import { type AnswerStream, streamServer } from '../../../support/servers/stream-server.js';
import { useTelemetry } from '../../../support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const CHANNELS = ['start', 'bodyChunkSent', 'bodySent'].map((name) => `http2.client.stream.${name}`);

/** The methods that we may lay something over. */
const METHODS = ['request', 'emit', 'push', 'close', 'uncork', '_write', '_writev', '_final', 'destroy'];

let prototypes: readonly object[];

beforeAll(async () => {
  const { createServer } = await import('node:http2');
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const session = connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  const stream = session.request();
  prototypes = [Object.getPrototypeOf(session), Object.getPrototypeOf(stream), Socket.prototype];
  await resultOf(stream);
  session.close();
  server.close();
});

function descriptors(): unknown[] {
  return prototypes.flatMap((prototype) =>
    METHODS.map((name) => Object.getOwnPropertyDescriptor(prototype, name)),
  );
}

function subscribed(): string[] {
  return CHANNELS.filter((name) => diagnosticsChannel.hasSubscribers(name));
}

function listeners(emitter: ClientHttp2Session | ClientHttp2Stream): unknown[] {
  return emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]);
}

/** Listens as often as one may without a warning. */
function fill(emitter: EventEmitter, event: string): void {
  for (let n = emitter.listenerCount(event); n < 10; n++) {
    emitter.on(event, () => undefined);
  }
}

const echo: AnswerStream = (stream) => {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
};

describe('what is left of us in node:http2', () => {
  it('is nothing, when we are switched off', async () => {
    const before = descriptors();
    const { origin } = await streamServer();
    const instrumentation = telemetry.instrument();
    const session = openSession(origin);
    await askHttp2(session);
    expect(descriptors()).not.toEqual(before);
    expect(subscribed()).toEqual(CHANNELS);

    instrumentation.disable();

    expect(descriptors()).toEqual(before);
    expect(subscribed()).toEqual([]);
  });

  it('is nothing as soon as the last request that was under way is over', async () => {
    const before = descriptors();
    const { origin } = await streamServer((stream) => {
      setTimeout(() => stream.respond({ ':status': 200 }, { endStream: true }), 20);
    });
    const instrumentation = telemetry.instrument();
    const answer = askHttp2(openSession(origin));
    instrumentation.disable();
    expect(descriptors()).not.toEqual(before);
    await answer;
    expect(descriptors()).toEqual(before);
    expect(await telemetry.finished()).toHaveLength(1);
  });
});

describe('sessions and streams of a client', () => {
  /** What a program can see of them, at several moments. */
  async function seen(): Promise<unknown[]> {
    const { origin } = await streamServer(echo);
    const session = openSession(origin);
    const facts: unknown[] = [];
    const look = (stream: ClientHttp2Stream) => {
      facts.push(
        listeners(session),
        listeners(stream),
        Object.keys(session),
        Object.keys(stream),
        stream.readableFlowing,
        [session.getMaxListeners(), stream.getMaxListeners()],
      );
    };
    const stream = session.request({ ':method': 'POST' });
    look(stream);
    await once(session, 'connect');
    look(stream);
    stream.write('hello');
    await once(stream, 'response');
    await setImmediate();
    look(stream);
    stream.end();
    await resultOf(stream);
    look(stream);
    return facts;
  }

  it('have the listeners, the keys and the flow that they have without us', async () => {
    const without = await seen();
    telemetry.instrument();
    expect(await seen()).toEqual(without);
  });

  it('take ten listeners of the program for each event', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const { origin } = await streamServer();
    telemetry.instrument();
    const session = openSession(origin);
    const stream = session.request();
    const result = resultOf(stream);
    for (const event of ['response', 'headers', 'timeout', 'close', 'trailers', 'aborted']) {
      fill(stream, event);
    }
    for (const event of ['connect', 'goaway', 'close', 'timeout', 'stream']) {
      fill(session, event);
    }
    await result;
    await setImmediate();
    expect(warnings).toEqual([]);
  });

  it('leave a body unread until somebody reads it, and back-pressure to Node', async () => {
    const { origin } = await streamServer((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(1_000_000));
    });
    telemetry.instrument();
    const stream = openSession(origin).request();
    await once(stream, 'response');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(stream.readableFlowing).toBe(null);
    expect(stream.readableLength).toBeLessThan(200_000);
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += chunk.length;
    }
    expect(bytes).toBe(1_000_000);
  });

  it('throw an error that nobody listens for', async () => {
    const { origin } = await streamServer((stream) => stream.close(2));
    telemetry.instrument();
    const uncaught = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) {
          process.on('uncaughtException', listener);
        }
        resolve(error);
      });
    });
    openSession(origin).request();
    expect(await uncaught).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  });

  it.each([
    ['null', [null]],
    ['a string', ['/path']],
    ['a header that is none', [{ 'no token': '1' }]],
    ['a pseudo-header that is none', [{ ':unknown': '1' }]],
    ['CONNECT without an authority', [{ ':method': 'CONNECT' }]],
    ['options that are none', [{}, 'options']],
  ])('refuse %s as they do without us', async (_name, args) => {
    const { origin } = await streamServer();
    const attempt = async (): Promise<unknown> => {
      const session = openSession(origin);
      await once(session, 'connect');
      const request = session.request as (...args: unknown[]) => ClientHttp2Stream;
      try {
        return (await resultOf(request.apply(session, args))).error;
      } catch (error) {
        const { name, message, code } = error as NodeJS.ErrnoException;
        return { name, message, code };
      }
    };
    const without = await attempt();
    telemetry.instrument();
    expect(await attempt()).toEqual(without);
    await telemetry.settled();
  });

  it('show one frame of ours at most for each of their methods', async () => {
    Error.stackTraceLimit = 50;
    onTestFinished(() => {
      Error.stackTraceLimit = 10;
    });
    const { origin } = await streamServer();
    telemetry.instrument();
    const stacks: string[] = [];
    const note = () => void stacks.push(new Error('here').stack ?? '');
    const session = openSession(origin);
    session.on('connect', note);
    const stream = session.request();
    stream.on('response', note).on('data', note).on('end', note);
    await resultOf(stream);
    expect(stacks.length).toBeGreaterThan(3);
    for (const stack of stacks) {
      const ours = stack.split('\n').filter((line) => /[\\/]src[\\/](?!.*test)/.test(line));
      expect(ours.length, stack).toBeLessThanOrEqual(stack.includes('push') ? 2 : 1);
    }
  });
});

describe('the headers of a request', () => {
  it('are read as often as without us', async () => {
    const { origin } = await streamServer();
    const reads = async (): Promise<number> => {
      let count = 0;
      const headers = {
        get ':path'() {
          count++;
          return '/';
        },
      };
      await askHttp2(openSession(origin), headers);
      return count;
    };
    const without = await reads();
    telemetry.instrument();
    expect(await reads()).toBe(without);
  });
});

describe('what lasts as long as a session', () => {
  it('keeps nothing of its requests', async () => {
    const { origin } = await streamServer();
    telemetry.instrument({ client: { phases: 'linked-spans' } });
    const session = openSession(origin);
    const refs: WeakRef<object>[] = [];
    for (let n = 0; n < 5; n++) {
      refs.push(await askOnce(session));
    }
    await telemetry.settled();
    telemetry.begin();
    expect(await survivors(refs)).toBeLessThanOrEqual(1);
  });
});

async function askOnce(session: ClientHttp2Session): Promise<WeakRef<object>> {
  const hooks = { gotConn: () => undefined };
  const stream = context.with(withClientTrace(context.active(), hooks), () => session.request());
  await resultOf(stream);
  return new WeakRef(hooks);
}
