import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENT_HOOKS, SERVER_HOOKS } from '../../src/config/defaults.js';
import { METRIC_DEFINITIONS } from '../../src/semconv/metrics.js';
import * as semconv from '../../src/semconv/semconv.js';

const page = readFileSync(join(__dirname, '../../docs/reference.md'), 'utf8');

/** Each name in code marks, and the rows of the tables. */
const named = new Set([...page.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name));
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

const own = Object.entries(semconv).filter(
  ([name, value]) =>
    typeof value === 'string' &&
    (name.startsWith('EVENT_') || value.startsWith('httptrace.')) &&
    !name.includes('EXCEPTION'),
);

describe('docs/reference.md', () => {
  it.each(own)('names %s', (_constant, value) => {
    expect(named).toContain(value);
  });

  it('has a row for each client hook, in the order in which they run', () => {
    const hooks = Object.keys(CLIENT_HOOKS);
    expect(
      rows
        .map(([, cell]) => cell?.slice(1, -1))
        .filter((name) => hooks.includes(name ?? ''))
        .sort(),
    ).toEqual([...hooks].sort());
  });

  it('has a row for each server hook', () => {
    const hooks = Object.keys(SERVER_HOOKS);
    const found = rows.map(([, cell]) => cell?.slice(1, -1)).filter((name) => hooks.includes(name ?? ''));
    expect(found.sort()).toEqual([...hooks].sort());
  });

  it.each(Object.entries(METRIC_DEFINITIONS))(
    'says what %s is',
    (name, { instrument, unit, onByDefault }) => {
      const row = rows.find(([, cell]) => cell === `\`${name}\``);
      const kind = instrument === 'histogram' ? `histogram, ${unit}` : 'up-down counter';
      expect(row?.slice(2, 4)).toEqual([kind, onByDefault ? 'on' : 'off']);
    },
  );

  it('names no event that does not exist', () => {
    const events = new Set<string>(Object.values(semconv).filter((value) => typeof value === 'string'));
    const mentioned = [...named].filter((name) =>
      /^http\.(getconn|dns|connect|tls|send|receive|response|connection)\./.test(name ?? ''),
    );
    expect(mentioned.filter((name) => !events.has(name ?? ''))).toEqual([]);
  });
});
