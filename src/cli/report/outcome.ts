import type { CliOptions } from '../command/options.js';
import type { CliError } from '../exit-code.js';
import type { TunnelAnswer } from '../send/dialer.js';
import type { TracedRequest } from '../spans/traced-request.js';

/** What came of one request and those that it was redirected to. */
export interface Outcome {
  readonly options: CliOptions;
  /** At least one, unless nothing could be sent at all. */
  readonly hops: readonly TracedRequest[];
  /** Why it did not succeed. */
  readonly error: CliError | undefined;
  /** The proxy's answer to the last CONNECT, if there was one. */
  readonly tunnel: TunnelAnswer | undefined;
}
