import type { ClientRequestView, FailureHints } from '../../emit/client/views/view.js';
import { type Origin, originOf } from '../../origin.js';
import { type Hop, header, pathOf } from '../send/hop.js';

/** A request of this program, in the form for the package's telemetry. */
export class HopView implements ClientRequestView {
  private readonly hop: Hop;
  readonly isMade = true;
  readonly takesHeaders = true;
  readonly fragment = '';

  constructor(hop: Hop) {
    this.hop = hop;
  }

  /** Read for the hooks of a config only, and there are none here. */
  get request(): never {
    throw new Error('this program has no hooks');
  }

  get options(): never {
    return this.request;
  }

  get method(): string {
    return this.hop.method;
  }

  get origin(): Origin {
    return originOf(this.hop.url.origin);
  }

  get target(): string {
    return pathOf(this.hop.url);
  }

  get host(): string | undefined {
    return header(this.hop, 'host');
  }

  get userAgent(): string | undefined {
    return header(this.hop, 'user-agent');
  }

  get contentLength(): number {
    return this.hop.body?.length ?? 0;
  }

  hasHeader(name: string): boolean {
    return header(this.hop, name) !== undefined;
  }

  addHeader(name: string, value: string): void {
    this.hop.headers.push([name, value]);
  }

  addRequestHeaders(): void {
    // No header is recorded.
  }

  addResponseHeaders(): void {
    // No header is recorded.
  }

  /** Unknown, because every part of a body is counted. */
  responseContentLength(): undefined {
    return undefined;
  }

  hookResponse(): never {
    return this.request;
  }

  metricResponse(): never {
    return this.request;
  }

  failureHints(): FailureHints {
    return {};
  }
}
