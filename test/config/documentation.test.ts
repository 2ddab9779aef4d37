import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configTable, withConfigTable } from '../../scripts/config-table.mjs';
import { variablesOf } from '../../src/config/environment.js';
import { listOptions } from '../../src/config/options.js';
import { resolveConfig } from '../../src/config/resolve.js';

const text = readFileSync(join(__dirname, '../../docs/configuration.md'), 'utf8');
const codesIn = (cell = ''): string[] => Array.from(cell.matchAll(/`([^`]*)`/g), ([, code = '']) => code);

it('lists the options as they are; npm run docs does it', () => {
  const table = configTable(listOptions(), variablesOf);
  expect(withConfigTable(text, table)).toBe(text);
  expect(table.split('\n')).toHaveLength(2 + 39);
});

it('has no table without a place for it', () => {
  expect(() => withConfigTable('# Configuration', 'table')).toThrow('markers missing');
});

it('gives the configurations in code and environment that it says are the same', () => {
  const env = Object.fromEntries(
    Array.from(text.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm), ([, name = '', value]) => [name, value]),
  );
  expect(Object.keys(env)).toHaveLength(4);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const code = resolveConfig(
    {
      client: { phases: 'spans', hooks: { wroteHeaders: false }, ignoreUrls: ['*.internal/health'] },
      metrics: { 'http.client.active_requests': true },
    },
    {},
    warn,
  );
  const environment = resolveConfig({}, env, warn);
  expect(environment.client.ignoreUrl?.('a.internal', '/health')).toBe(true);
  const comparable = ({ client, ...rest }: typeof code) => ({
    ...rest,
    client: { ...client, ignoreUrl: 'a function' },
  });
  expect(comparable(environment)).toEqual(comparable(code));
  expect(warnings).toEqual([]);
});

it('shows the warnings as they are', () => {
  const shown = /```text\n([^`]*)```/.exec(text)?.[1]?.trim().split('\n');
  const prefix = 'opentelemetry-instrumentation-httptrace: ';
  const warnings: string[] = [];
  resolveConfig(
    JSON.parse('{"client": {"hooks": {"dnsStrat": false}, "phases": "span"}}'),
    {
      OTEL_INSTRUMENTATION_HTTPTRACE_SERVER_ENABLED: 'no',
      OTEL_INSTRUMENTATION_HTTPTRACE_CLIENT_PHASE: 'spans',
    },
    (message) => warnings.push(prefix + message),
  );
  expect(warnings).toEqual(shown);
});

describe('shows what each glob matches', () => {
  const [beforeOptions = ''] = text.split('## Options');
  const rows = Array.from(
    beforeOptions.matchAll(
      /^\| `(client\.propagateTo|client\.ignoreUrls|server\.ignorePaths)` \| `([^`]*)` \|(.*)\|(.*)\|$/gm,
    ),
    ([, option = '', glob = '', right, wrong]) => ({
      option,
      glob,
      right: codesIn(right),
      wrong: codesIn(wrong),
    }),
  );

  it('in a table', () => {
    expect(rows).toHaveLength(13);
  });

  it.each(rows)('$option: $glob', ({ option, glob, right, wrong }) => {
    const { client, server } = resolveConfig(
      {
        client: option === 'client.propagateTo' ? { propagateTo: [glob] } : { ignoreUrls: [glob] },
        server: option === 'server.ignorePaths' ? { ignorePaths: [glob] } : {},
      },
      {},
      () => undefined,
    );
    const matches = (example: string): boolean | undefined => {
      if (option === 'server.ignorePaths') {
        return server.ignorePath?.(example);
      }
      // Every host gets trace headers when there is nothing to ask.
      if (option === 'client.propagateTo') {
        return client.propagate?.(example) ?? true;
      }
      const slash = example.indexOf('/');
      return client.ignoreUrl?.(example.slice(0, slash), example.slice(slash));
    };
    expect(right.map(matches)).toEqual(right.map(() => true));
    expect(wrong.map(matches)).toEqual(wrong.map(() => false));
    expect(right.length).toBeGreaterThan(0);
  });
});
