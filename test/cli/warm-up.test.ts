import { describe, expect, it } from 'vitest';
import { httpsServer } from '../support/servers/truthful-server.js';
import { httptrace } from './bin.js';

interface Timed {
  phases: { getconn: number; dns: number; connect: number; tls: number; receive: number };
}

const RUNS = 3;
const REQUESTS = 4;

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? Number.NaN;
}

describe('the first request', () => {
  it('does not carry what Node.js loads for it: it takes as long as those after it', {
    timeout: 60_000,
  }, async () => {
    const { port } = await httpsServer();
    const first: Timed[] = [];
    const later: Timed[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const { stdout } = await httptrace([
        ...['--json', '-4', '--repeat', String(REQUESTS), '-H', 'Connection: close'],
        `https://localhost:${port}/`,
      ]);
      const [head, ...rest] = stdout
        .trim()
        .split('\n')
        .map((line): Timed => JSON.parse(line));
      first.push(...(head === undefined ? [] : [head]));
      later.push(...rest);
    }
    const between = ({ phases }: Timed): number => phases.getconn - phases.dns - phases.connect - phases.tls;
    const received = ({ phases }: Timed): number => phases.receive;
    expect([first.length, later.length]).toEqual([RUNS, RUNS * (REQUESTS - 1)]);
    // The best of all runs, for a busy machine slows down any. Without a warm-up each takes ten to a hundred times as long.
    expect(Math.min(...first.map(between))).toBeLessThan(4 * median(later.map(between)) + 4);
    expect(Math.min(...first.map(received))).toBeLessThan(4 * median(later.map(received)) + 4);
  });
});
