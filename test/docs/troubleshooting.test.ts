import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { lasting } from '../../scripts/pages/lasting.mjs';
import { HttpTraceInstrumentation, type HttpTraceStatus, type RequestCounts } from '../../src/index.js';
import { hintsOf } from '../../src/status/hints.js';
import { Installation } from '../register/installation.js';
import { NO_REQUESTS } from '../support/telemetry/request-counts.js';

vi.setConfig({ testTimeout: 30_000 });

const page = readFileSync(join(__dirname, '../../docs/troubleshooting.md'), 'utf8');

const PACKAGES = ['@opentelemetry/api'];
const SDK = '@opentelemetry/sdk-node';

/** Each command of the page, with what it is said to print. */
const commands = [...page.matchAll(/^```console\n\$ (.*)\n([^`]*(?:`[^`]+`[^`]*)*)```$/gm)].map(
  ([, command = '', output = '']) => ({ command, output }),
);

/** The files of the page, by the name in their first line. */
const files = [...page.matchAll(/^```js\n\/\/ (\S+)\n(.*?)```$/gms)].map(([, name = '', text = '']) => ({
  name,
  text,
}));

/** What a command prints, on either stream, for somebody who has these packages. */
async function run(command: string): Promise<string> {
  const { folder } = new Installation(command.includes('without an SDK') ? PACKAGES : [...PACKAGES, SDK]);
  for (const { name, text } of files) {
    writeFileSync(join(folder, name), text);
  }
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], {
    cwd: folder,
    env: {
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
      COLUMNS: '100',
      // The machine of the tests may have a collector.
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    },
  });
  return stdout + stderr;
}

describe('docs/troubleshooting.md', () => {
  it('has commands and files', () => {
    expect(commands).toHaveLength(5);
    expect(files.map(({ name }) => name)).toEqual(['app.mjs', 'ask.mjs']);
  });

  it.each(commands)('shows what is printed by $command', async ({ command, output }) => {
    expect(lasting(await run(command))).toEqual(lasting(output));
  });

  it('has a row for each hint', () => {
    for (const hint of everyHint()) {
      const [clause = ''] = hint.replace(/^(?:Of the requests, )?\d+ /, '').split(/, |: | \(|; /);
      expect(page).toContain(clause);
    }
  });

  it('names each field of the status', () => {
    const status = new HttpTraceInstrumentation({ enabled: false }).status();
    const { sources, channels, openTelemetry } = status;
    const groups = [status, sources, sources.undici, sources.undici.requests, openTelemetry];
    const fields = [...groups, Object.values(channels)[0] ?? {}].flatMap((group) => Object.keys(group));
    expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  });
});

/** Those of an instance with which everything is wrong. */
function everyHint(): string[] {
  const many = {
    ...NO_REQUESTS,
    suppressed: 1,
    ignored: 1,
    withoutParent: 1,
    notSampled: 1,
    withoutProvider: 1,
  };
  const more = { ...many, withoutSpan: 1, byAnotherInstance: 1 };
  const statusOf = (enabled: boolean, requests: RequestCounts, there: boolean): HttpTraceStatus => ({
    hints: [],
    version: '0.1.0',
    copies: ['0.1.0', '0.1.0'],
    node: '24.21.0',
    enabled,
    sources: {
      'node:http': { enabled: false, requests },
      'node:http2': { enabled: false, requests },
      undici: { enabled: false, requests },
      servers: { enabled: false, requests },
    },
    undici: [],
    channels: {},
    openTelemetry: {
      loadedApis: ['1.9.1', '1.8.0'],
      tracerProvider: there,
      meterProvider: false,
      propagator: there,
      contextManager: there,
    },
  });
  const statuses = [statusOf(false, NO_REQUESTS, false), statusOf(true, more, true)];
  return [...new Set(statuses.flatMap(hintsOf))];
}
