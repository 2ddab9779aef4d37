import type { UndiciRequest, UndiciResponse } from '../channels.js';
import type { Report } from '../request-trace.js';
import { guarded } from '../subscribe.js';

/** What no channel tells, or not in each release: told by the methods that undici calls on its request. */
export interface InstanceListener {
  /** The first byte of a response, informational or not, is there. Its head may be far from complete. */
  responseStarted(request: UndiciRequest): void;
  /** The connection was handed over; releases before September 2026 publish nothing then. */
  upgraded(request: UndiciRequest, statusCode: number, headers: UndiciResponse['headers']): void;
}

type UpgradeHead = Pick<UndiciResponse, 'statusCode' | 'headers'>;
type UpgradeMethod = (statusCode: number, headers: UndiciResponse['headers'], ...rest: unknown[]) => unknown;

/** Lays one method over one of a single request. One function serves all requests: `this` tells which it is. */
export class InstanceHooks {
  private readonly responseStarted: (this: UndiciRequest) => unknown;
  private readonly listener: InstanceListener;
  private readonly report: Report;

  constructor(listener: InstanceListener, report: Report) {
    this.listener = listener;
    this.report = report;
    const started = guarded('onResponseStarted', listener.responseStarted.bind(listener), report);
    this.responseStarted = function onResponseStarted() {
      started(this);
      return Object.getPrototypeOf(this).onResponseStarted.call(this);
    };
  }

  /** Must be called when the request is sent, before anything is received. */
  observe(request: UndiciRequest): void {
    if (typeof request.onResponseStarted === 'function') {
      request.onResponseStarted = this.responseStarted;
    }
  }

  /** Must be called when a request for a connection of its own is sent, an upgrade or a CONNECT. */
  observeHandOver(request: UndiciRequest): void {
    // undici 8 renamed it.
    this.observeUpgrade(request, 'onUpgrade');
    this.observeUpgrade(request, 'onRequestUpgrade');
  }

  private observeUpgrade(request: UndiciRequest, name: 'onUpgrade' | 'onRequestUpgrade'): void {
    const original: UpgradeMethod | undefined = request[name];
    if (typeof original !== 'function') {
      return;
    }
    const { listener } = this;
    const upgraded = guarded(
      name,
      (head: UpgradeHead) => listener.upgraded(request, head.statusCode, head.headers),
      this.report,
    );
    request[name] = (statusCode, headers, ...rest) => {
      const result = original.call(request, statusCode, headers, ...rest);
      upgraded({ statusCode, headers });
      return result;
    };
  }
}
