import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import * as http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpTraceInstrumentation } from '../../src/index.js';
import { askNode } from '../support/clients/node-clients.js';
import { listen } from '../support/servers/listen.js';
import { httpServer } from '../support/servers/truthful-server.js';
import { useTelemetry } from '../support/telemetry/telemetry.js';

interface Copy {
  readonly HttpTraceInstrumentation: typeof HttpTraceInstrumentation;
}

const ROOT = resolve(__dirname, '..', '..');
const telemetry = useTelemetry();

/** As a program has them whose dependencies each brought the package along. */
describe('two copies of the package', () => {
  let directory: string;
  let first: Copy;
  let second: Copy;

  beforeAll(() => {
    if (!existsSync(join(ROOT, 'dist', 'index.js'))) {
      throw new Error('npm run build makes what is to be copied');
    }
    directory = mkdtempSync(join(tmpdir(), 'httptrace-'));
    cpSync(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(directory, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    first = require(join(ROOT, 'dist', 'index.js'));
    second = require(join(directory, 'dist', 'index.js'));
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  function recording(copy: Copy, by: string): HttpTraceInstrumentation {
    return telemetry.attach(
      new copy.HttpTraceInstrumentation({
        server: { enabled: false },
        client: { startSpanHook: () => ({ by }) },
      }),
    );
  }

  it('are two, not one', () => {
    expect(first.HttpTraceInstrumentation).not.toBe(second.HttpTraceInstrumentation);
  });

  it('record each request once, and the second one when the first is disabled', async () => {
    const { origin } = await httpServer();
    const ask = async () => (await fetch(origin)).text();
    const one = recording(first, 'first');
    recording(second, 'second');
    await ask();
    one.disable();
    await ask();
    expect((await telemetry.finished()).map(({ attributes }) => attributes.by)).toEqual(['first', 'second']);
    expect((await telemetry.durations()).reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it('know of a unix socket what either of them knows', async () => {
    const path = join(directory, 's');
    await listen(
      http.createServer((_request, response) => response.end()),
      path,
    );
    const config = { server: { enabled: false }, optInAttributes: ['network.transport'] };
    // It is there first, and so its copy watches the connection; the other one records.
    telemetry.attach(new first.HttpTraceInstrumentation(config)).disable();
    telemetry.attach(new second.HttpTraceInstrumentation(config));
    await askNode('http://localhost/', { socketPath: path, agent: false });
    expect((await telemetry.only()).attributes).toMatchObject({
      'network.transport': 'unix',
      'network.peer.address': path,
    });
  });
});
