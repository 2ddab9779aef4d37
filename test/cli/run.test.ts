import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exchange, Transport } from '../../src/cli/exchange.js';
import { Reports } from '../../src/cli/output.js';
import { run } from '../../src/cli/run.js';
import { requestOptions } from './command.js';

let stdout: string;
let stderr: string;

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Answers each request as `answer` does, without a connection. */
function transport(answer: (exchange: Exchange) => Promise<void>): Transport {
  return { send: answer, close: () => undefined };
}

describe('run', () => {
  it('gives up when the time is over between two hops', async () => {
    const redirect = transport(async ({ onAnswer, signal }) => {
      onAnswer({ status: 302, headers: { location: '/next' }, protocol: 'HTTP/1.1' });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const asked = requestOptions('-L', '--max-time', '0.05', '--json', 'http://a.example/');
    expect(await run(asked, undefined, redirect, new Reports(true, undefined))).toBe(28);
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(stderr).toBe('httptrace: no complete answer from a.example within 0.05 s; raise --max-time\n');
  });

  it('goes on with --repeat after a failure, and remembers the first', async () => {
    let requests = 0;
    const failing = transport(async ({ onAnswer }) => {
      requests += 1;
      if (requests === 2) {
        throw new Error('odd');
      }
      onAnswer({ status: requests === 3 ? 500 : 200, headers: {}, protocol: 'HTTP/1.1' });
    });
    const asked = requestOptions('--repeat', '4', '--json', 'http://a.example/');
    expect(await run(asked, undefined, failing, new Reports(true, undefined))).toBe(1);
    expect(requests).toBe(4);
    expect(stderr).toBe(
      'httptrace: the exchange with a.example:80 failed (Error): odd\n' +
        'httptrace: the server answered 500 Internal Server Error\n',
    );
  });
});
