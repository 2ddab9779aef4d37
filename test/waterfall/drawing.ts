import { draw } from '../../src/waterfall/draw.js';
import type { ReadableSpan } from '../../src/waterfall/readable-span.js';
import { waterfallOf } from '../../src/waterfall/span-tree.js';
import { TRACE_ID } from './spans.js';

interface Drawing {
  width?: number;
  colors?: boolean;
  dials?: Map<string, ReadableSpan[]>;
  setups?: string[];
}

/** The drawing of one trace as lines, without colours and 100 columns wide unless told otherwise. */
export function drawn(spans: ReadableSpan[], options: Drawing = {}): string[] {
  const { width = 100, colors = false, dials = new Map(), setups = [] } = options;
  const isSetup = (spanId: string): boolean => setups.includes(spanId);
  return draw(waterfallOf({ traceId: TRACE_ID, spans, dials, isSetup }), { width, colors });
}
