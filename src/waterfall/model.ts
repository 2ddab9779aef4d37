import type { Phase } from '../semconv/semconv.js';

/** A trace to draw, as a tree of blocks. Times are milliseconds on one common clock. */
export interface Waterfall {
  /** Absent where a trace id says nothing, as in the command line tool. */
  traceId?: string;
  blocks: readonly Block[];
  /** How many spans were left out, because there are too many. */
  omitted: number;
}

export type Side = 'client' | 'server' | 'other';

/** One span. */
export interface Block {
  side: Side;
  /** Method and URL of a request, else the name of the span. */
  title: string;
  /** The service, if it is not that of the block above. */
  service?: string;
  outcome?: Outcome;
  /** Facts about the whole span, such as the protocol. */
  facts: readonly string[];
  start: number;
  end: number;
  rows: readonly Row[];
  notes: readonly Note[];
  children: readonly Block[];
}

/** How a request ended: its status or its failure. */
export interface Outcome {
  text: string;
  tone: Tone;
}

export type Tone = 'good' | 'redirect' | 'warning' | 'bad' | 'neutral';

/** A phase with its bar, or a moment with its mark. */
export interface Row {
  name: string;
  details: readonly string[];
  start: number;
  /** Absent for a moment, whose time is shown as the distance from the start of the span. */
  end?: number;
  phase?: Phase;
  failed: boolean;
  rows: readonly Row[];
}

/** A line of text under a span. */
export interface Note {
  text: string;
  tone: 'bad' | 'neutral';
}
