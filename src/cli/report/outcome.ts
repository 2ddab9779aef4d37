import type { CliOptions } from '../command/options.js';
import type { CliError } from '../exit-code.js';
import type { TunnelAnswer } from '../send/dialer.js';
import type { TracedRequest } from '../spans/traced-request.js';

/** The outcome of one request and of those that it was redirected to. */
export interface Outcome {
  readonly options: CliOptions;
  /** The requests. None if nothing could be sent at all. */
  readonly hops: readonly TracedRequest[];
  /** Why it did not succeed; `undefined` if it did. */
  readonly error: CliError | undefined;
  /** The proxy's answer to the last CONNECT; `undefined` if there was none. */
  readonly tunnel: TunnelAnswer | undefined;
}
