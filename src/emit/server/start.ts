import type { Attributes, Context } from '@opentelemetry/api';
import type { ServedRequest, ServedResponse } from '../../source/server/trace.js';
import type { Instruments } from '../instruments.js';
import type { ServerSettings } from './settings.js';

/** What was known of an incoming request when it began. */
export interface ServedStart {
  readonly settings: ServerSettings;
  /** As they were when it began: what was added to a counter must be taken from the same one. */
  readonly instruments: Instruments;
  readonly request: ServedRequest;
  /** `undefined` when the connection is about to be handed over. */
  readonly response: ServedResponse | undefined;
  /** What listeners run in, and what metrics are recorded with. */
  readonly context: Context;
  /** See `epochAt`. */
  readonly epoch: number;
  /** Attributes of the span, without those of the user's hook. */
  readonly attributes: Attributes;
  /** The method's place in the name of the span. */
  readonly spanName: string;
  /** The route, as soon as a framework has set it. */
  readonly metadata: { readonly route?: string | undefined };
  /** Whether the span is ours, to be ended by us; else it is that of another instrumentation. */
  readonly ownsSpan: boolean;
}
