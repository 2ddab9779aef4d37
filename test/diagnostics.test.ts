import { createServer } from 'node:http';
import { context, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reportDebug, reportError, reportWarning } from '../src/diagnostics.js';
import { CLIENT_TRACE_HOOKS } from '../src/httptrace/compose.js';
import { withClientTrace } from '../src/httptrace.js';
import type { HttpTraceInstrumentationConfig } from '../src/index.js';
import { askNode } from './support/clients/node-clients.js';
import { listen } from './support/servers/listen.js';
import { useTelemetry } from './support/telemetry/telemetry.js';

const telemetry = useTelemetry();

const LOGGERS = {
  'a logger that throws': () => {
    throw new Error('The log file is full');
  },
  'an asynchronous logger that fails': () => Promise.reject(new Error('The log file is full')),
};

const told: unknown[][] = [];
let failure: (() => unknown) | undefined;

/** No mock: that one would take care of what is rejected. */
function tell(...args: unknown[]): unknown {
  told.push(args);
  return failure?.();
}

const logger: DiagLogger = { error: tell, warn: tell, info: tell, debug: tell, verbose: tell };

/** From now on, for the API itself says to a logger that it was set. */
function fail(log: () => unknown): void {
  told.splice(0);
  failure = log;
}

const escaped: unknown[] = [];
const note = (error: unknown): void => void escaped.push(error);

beforeEach(() => {
  escaped.splice(0);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  diag.setLogger(logger, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
});

afterEach(() => {
  process.off('uncaughtException', note).off('unhandledRejection', note);
  failure = undefined;
  diag.disable();
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A hook of whatever kind, and the next that is called after it failed. */
function failing(): never {
  throw new Error('A hook that fails');
}

const HOOKS: HttpTraceInstrumentationConfig = {
  metricAttributesHook: failing,
  client: {
    ignoreRequestHook: failing,
    startSpanHook: failing,
    requestHook: failing,
    responseHook: failing,
  },
  server: {
    enabled: true,
    ignoreRequestHook: failing,
    startSpanHook: failing,
    requestHook: failing,
    responseHook: failing,
  },
};

describe.each(Object.entries(LOGGERS))('%s', (_, log) => {
  it('is told, and nobody else notices', async () => {
    fail(log);
    const error = new Error('mine');
    reportError('an error', error);
    reportWarning('a warning', 1, 2);
    reportDebug('a detail');
    await turn();

    expect(told).toEqual([['an error', error], ['a warning', 1, 2], ['a detail']]);
    expect(escaped).toEqual([]);
  });

  it.each(['node:http', 'fetch'])('does not reach a program whose hooks fail too: %s', async (client) => {
    fail(log);
    const port = await listen(createServer((_req, res) => res.writeHead(202).end('done')));
    telemetry.instrument(HOOKS);
    const trace = Object.fromEntries(CLIENT_TRACE_HOOKS.map((name) => [name, failing]));
    const ask = async () => {
      const url = `http://127.0.0.1:${port}/`;
      if (client === 'fetch') {
        const response = await fetch(url);
        return [response.status, await response.text()];
      }
      const { status, body } = await askNode(url, { agent: false });
      return [status, body];
    };

    expect(await context.with(withClientTrace(context.active(), trace), ask)).toEqual([202, 'done']);
    expect(await telemetry.all()).toHaveLength(2);
    await turn();
    expect(escaped).toEqual([]);
    const messages = told.map(([message]) => String(message));
    for (const hook of ['getConn hook', 'client.requestHook', 'client.responseHook', 'server.requestHook']) {
      expect(messages).toContainEqual(expect.stringContaining(hook));
    }
  });
});

it('tells another diag if it is given one', () => {
  const error = vi.fn();
  reportError('an error', 7, { error });

  expect(error).toHaveBeenCalledWith('an error', 7);
});
