import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import type * as undici from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { INSTALLED_UNDICI } from '../../support/clients/installed-undici.js';
import { useRequestLedger } from '../../support/clients/request-ledger.js';
import { askFetch, askRequest } from '../../support/clients/undici-apis.js';
import { closing } from '../../support/clients/undici-traced.js';
import { useContextManager } from '../../support/context-manager.js';
import { httpServer } from '../../support/servers/truthful-server.js';

useContextManager();
const ledger = useRequestLedger();

const CALLER = createContextKey('caller');
const CALLERS = ['ada', 'ben', 'cy'];

const RETRY = { maxRetries: 3, minTimeout: 1, maxTimeout: 2, retryAfter: false, statusCodes: [503] };

type Compose = (installed: typeof undici, pool: undici.Pool) => Dispatcher;

const COMPOSED: [string, string, Compose][] = [
  ['retry', '/unready', ({ interceptors }, pool) => pool.compose(interceptors.retry(RETRY))],
  ['retry, by RetryAgent', '/unready', ({ RetryAgent }, pool) => new RetryAgent(pool, RETRY)],
  [
    'follow redirects',
    '/moved',
    ({ interceptors }, pool) => pool.compose(interceptors.redirect({ maxRedirections: 2 })),
  ],
  [
    'retry what follows redirects',
    '/unready',
    ({ interceptors }, pool) =>
      pool.compose(interceptors.redirect({ maxRedirections: 2 }), interceptors.retry(RETRY)),
  ],
  [
    'follow redirects, below one that keeps its handler to itself',
    '/moved',
    ({ interceptors }, pool) =>
      pool.compose(interceptors.dump(), interceptors.redirect({ maxRedirections: 2 })),
  ],
];

describe.each(INSTALLED_UNDICI)('$name', (flavour) => {
  describe.each(COMPOSED)('interceptors that %s', (_name, path, compose) => {
    it.each(['fetch', 'request'])('make all requests of a call by %s for its caller', async (api) => {
      const tries = new Map<string, number>();
      const { origin } = await httpServer((req, res) => {
        const url = req.url ?? '';
        const tried = (tries.get(url) ?? 0) + 1;
        tries.set(url, tried);
        if (url.endsWith('/unready') && tried < 3) {
          res.writeHead(503).end();
        } else if (url.endsWith('/moved')) {
          res.writeHead(302, { location: url.replace('/moved', '/there') }).end();
        } else {
          res.end('ok');
        }
      });
      const pool = closing(new flavour.Pool(origin, { connections: 1 }));
      const dispatcher = compose(flavour.installed as typeof undici, pool as undici.Pool);
      const ask = (url: string) =>
        api === 'fetch' ? askFetch(flavour, dispatcher, url) : askRequest(dispatcher, url);
      const answers = await Promise.all(
        CALLERS.map((caller) =>
          context.with(ROOT_CONTEXT.setValue(CALLER, caller), () => ask(`${origin}/${caller}${path}`)),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      await ledger.settled();
      expect(ledger.entries).toHaveLength(path === '/moved' ? 6 : 9);
      expect(ledger.entries.map((entry) => entry.context.getValue(CALLER))).toEqual(
        ledger.entries.map((entry) => entry.path.split('/')[1]),
      );
    });
  });

  it('leave it to the program to say in which context it calls once more', async () => {
    const { origin } = await httpServer();
    const pool = closing(new flavour.Pool(origin, { connections: 1 }));
    const again = new Promise<void>((resolve, reject) => {
      const twice =
        (dispatch: Dispatcher['dispatch']) => (options: Dispatcher.DispatchOptions, handler: object) =>
          dispatch(
            options,
            new CallingAgain(
              handler,
              () => {
                context.with(ROOT_CONTEXT.setValue(CALLER, 'again'), () => {
                  dispatch({ ...options, path: '/again' }, new CallingAgain(handler, resolve));
                });
              },
              reject,
            ) as Dispatcher.DispatchHandler,
          );
      const composed = pool.compose(twice as Dispatcher.DispatcherComposeInterceptor);
      context.with(ROOT_CONTEXT.setValue(CALLER, 'first'), () =>
        composed.dispatch({ origin, path: '/first', method: 'GET' }, {}),
      );
    });
    await again;
    await ledger.settled();
    expect(ledger.entries.map((entry) => [entry.path, entry.context.getValue(CALLER)])).toEqual([
      ['/first', 'first'],
      ['/again', 'again'],
    ]);
  });
});

/** An interceptor's handler, in both of undici's forms. */
class CallingAgain {
  private readonly ended: () => void;
  private readonly failed: (error: Error) => void;

  constructor(_handler: object, ended: () => void, failed: (error: Error) => void = () => undefined) {
    this.ended = ended;
    this.failed = failed;
  }

  onConnect(): void {
    // Nothing is to be done then.
  }
  onHeaders(): boolean {
    return true;
  }
  onData(): boolean {
    return true;
  }
  onComplete(): void {
    this.ended();
  }
  onError(error: Error): void {
    this.failed(error);
  }
  onRequestStart(): void {
    // Nothing is to be done then.
  }
  onResponseStart(): void {
    // Nothing is to be done then.
  }
  onResponseData(): void {
    // Nothing is to be done then.
  }
  onResponseEnd(): void {
    this.ended();
  }
  onResponseError(_controller: unknown, error: Error): void {
    this.failed(error);
  }
}
