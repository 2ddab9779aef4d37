import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';

/** Each request of the demo: its headline, and the lines under it as far as they name something. */
let drawings: string[][];
let exitCode: number | null;
let stderr: string;

beforeAll(() => {
  const { FORCE_COLOR: _color, ...env } = process.env;
  const demo = spawnSync(process.execPath, ['examples/demo/demo.mjs'], {
    env: { ...env, COLUMNS: '100' },
    encoding: 'utf8',
    timeout: 9_000,
  });
  ({ status: exitCode, stderr } = demo);
  drawings = demo.stdout
    .split(/^— .*\n\n/m)
    .slice(1)
    .map((drawing) => drawing.trimEnd().split('\n'));
});

function labels(index: number): string[] {
  const lines = drawings[index]?.slice(1) ?? [];
  return lines.map((line) => line.replace(/(?<=\S) {2,}\S.*/, '').replaceAll(/:\d{2,5}\b/g, ':PORT'));
}

describe('npm run demo', () => {
  it('ends well and says nothing on stderr', () => {
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(drawings).toHaveLength(6);
  });

  it('fits its width, without colours in a pipe', () => {
    const lines = drawings.flat();
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(100);
    expect(lines.filter((line) => line.includes('\u001b'))).toEqual([]);
  });

  it('draws a first request with all of its phases', () => {
    const [headline, ...lines] = labels(0);
    expect(headline).toBe('GET https://localhost:PORT/catalog');
    expect(lines.map((line) => line.match(/^[│├└ ]+(getconn new connection|\w+)/)?.[1])).toEqual(
      expect.arrayContaining(['getconn new connection', 'dns', 'connect', 'tls', 'send', 'wait', 'receive']),
    );
  });

  it('draws the reused connection of the second', () => {
    expect(labels(1).join('\n')).toMatch(/^├ getconn reused after [\d.]+ ms idle$/m);
    expect(labels(1).join('\n')).not.toMatch(/dns|connect |tls/);
  });

  it('draws the Early Hints of the third', () => {
    expect(labels(2).join('\n')).toContain('103 Early Hints');
  });

  it('draws the POST', () => {
    expect(labels(3)[0]).toBe('POST http://127.0.0.1:PORT/orders');
  });

  it('says what failed, and in which phase', () => {
    expect(labels(4).at(-1)).toBe('└ ✗ ECONNREFUSED in connect: connect ECONNREFUSED 127.0.0.1:PORT');
    expect(labels(5).at(-1)).toMatch(/^└ ✗ (ENOTFOUND|EAI_AGAIN|TimeoutError) in dns: /);
  });
});
