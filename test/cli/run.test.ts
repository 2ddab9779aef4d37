import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CliOptions } from '../../src/cli/command/options.js';
import { Reports } from '../../src/cli/report/reports.js';
import { run } from '../../src/cli/run.js';
import type { Exchange, Transport } from '../../src/cli/send/exchange.js';
import { RequestTracer } from '../../src/cli/spans/traced-request.js';
import { requestOptions } from './command/parsed.js';

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

/** Runs without a terminal: nobody presses Ctrl-C, and there is no proxy. */
function runWith(options: CliOptions, sends: Transport): Promise<number> {
  return run(options, undefined, {
    transport: sends,
    dialer: { tunnel: undefined, proxyFor: () => undefined },
    tracer: new RequestTracer(),
    reports: new Reports(options),
    interruption: { signal: new AbortController().signal, exitCode: undefined },
  });
}

const NO_HEADERS = { reason: '', headers: {}, rawHeaders: [], protocol: 'HTTP/1.1' };

describe('run', () => {
  it('gives up when the time is over between two hops', async () => {
    const redirect = transport(async ({ onAnswer, signal }) => {
      onAnswer({ ...NO_HEADERS, status: 302, headers: { location: '/next' } });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const asked = requestOptions('-L', '--max-time', '0.05', '--json', 'http://a.example/');
    expect(await runWith(asked, redirect)).toBe(28);
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(stderr).toBe(
      'httptrace: no complete answer from a.example within 0.05 s, in getconn; raise --max-time\n',
    );
  });

  it('goes on with --repeat after a failure, and remembers the first', async () => {
    let requests = 0;
    const failing = transport(async ({ onAnswer }) => {
      requests += 1;
      if (requests === 2) {
        throw new Error('odd');
      }
      onAnswer({ ...NO_HEADERS, status: requests === 3 ? 500 : 200 });
    });
    const asked = requestOptions('--repeat', '4', '--json', 'http://a.example/');
    expect(await runWith(asked, failing)).toBe(1);
    expect(requests).toBe(4);
    expect(stderr).toBe(
      'httptrace: the exchange with a.example:80 failed in getconn (Error): odd\n' +
        'httptrace: the server answered 500 Internal Server Error\n',
    );
  });
});
