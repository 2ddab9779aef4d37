import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import type { Block, Note, Waterfall } from './model.js';
import { type ReadableSpan, SPAN_KIND_CLIENT, type SpanContext, stringOf, toMs } from './readable-span.js';
import { spanBlock } from './span-block.js';
import { phaseOfSpan } from './span-phases.js';

/** Further spans are counted and not drawn. */
const MOST_SPANS = 200;
const MOST_LINKS = 5;

/** The spans of one trace. */
export interface GatheredTrace {
  traceId: string;
  spans: readonly ReadableSpan[];
  /** The spans of the requests' dials, by the id of the request's span. */
  dials: ReadonlyMap<string, readonly ReadableSpan[]>;
  /** Whether a span is known as the set-up of a connection. It may belong to another trace. */
  isSetup(spanId: string): boolean;
}

/** Makes the tree of blocks of a trace. */
export function waterfallOf(trace: GatheredTrace): Waterfall {
  const tree = new SpanTree(trace);
  const blocks = tree.roots().flatMap((root) => tree.blocksOf(root, undefined));
  return { traceId: trace.traceId, blocks, omitted: tree.omitted };
}

class SpanTree {
  private readonly byId: ReadonlyMap<string, ReadableSpan>;
  private readonly children = new Map<string, ReadableSpan[]>();
  private readonly severalServices: boolean;
  private readonly visited = new Set<ReadableSpan>();
  private readonly trace: GatheredTrace;
  private readonly spans: readonly ReadableSpan[];
  omitted = 0;

  constructor(trace: GatheredTrace) {
    this.trace = trace;
    this.spans = [...trace.spans].sort((a, b) => toMs(a.startTime) - toMs(b.startTime));
    this.byId = new Map(this.spans.map((span) => [span.spanContext().spanId, span]));
    this.severalServices = new Set(this.spans.map(serviceOf)).size > 1;
    for (const span of this.spans) {
      const parent = span.parentSpanContext?.spanId;
      const siblings = parent === undefined ? undefined : this.children.get(parent);
      if (siblings !== undefined) {
        siblings.push(span);
      } else if (parent !== undefined) {
        this.children.set(parent, [span]);
      }
    }
  }

  /** The spans whose parent is not here. A span that is its own ancestor, by somebody's mistake, is a root too. */
  roots(): ReadableSpan[] {
    const orphans = this.spans.filter(
      ({ parentSpanContext }) => !this.byId.has(parentSpanContext?.spanId ?? ''),
    );
    const reached = new Set<ReadableSpan>();
    const roots = [];
    for (const root of [...orphans, ...this.spans]) {
      if (!reached.has(root)) {
        roots.push(root);
        this.reach(root, reached);
      }
    }
    return roots;
  }

  private reach(root: ReadableSpan, reached: Set<ReadableSpan>): void {
    const pending = [root];
    for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
      if (!reached.has(span)) {
        reached.add(span);
        pending.push(...this.childrenOf(span));
      }
    }
  }

  private childrenOf(span: ReadableSpan): readonly ReadableSpan[] {
    return this.children.get(span.spanContext().spanId) ?? [];
  }

  /** The block of a span with all spans under it; none if it was drawn already or there are too many. */
  blocksOf(span: ReadableSpan, parentService: string | undefined): Block[] {
    if (this.visited.has(span)) {
      return [];
    }
    if (this.visited.size >= MOST_SPANS) {
      this.omitted = this.spans.length - this.visited.size;
      return [];
    }
    this.visited.add(span);
    const service = serviceOf(span);
    const phases = span.kind === SPAN_KIND_CLIENT ? this.phasesBelow(span) : [];
    for (const phase of phases) {
      this.visited.add(phase);
    }
    const dial = this.trace.dials.get(span.spanContext().spanId) ?? [];
    const children = [span, ...phases]
      .flatMap((above) => this.childrenOf(above))
      .flatMap((child) => this.blocksOf(child, service));
    return [
      spanBlock(span, {
        phaseSpans: [...phases, ...dial],
        service: this.severalServices && service !== parentService ? service : undefined,
        links: this.linksOf(span, new Set(dial.map((part) => part.parentSpanContext?.spanId ?? ''))),
        children,
      }),
    ];
  }

  /** The spans of a request's phases, with the spans of its dial. */
  private phasesBelow(span: ReadableSpan): ReadableSpan[] {
    const phases = this.childrenOf(span).filter((child) => phaseOfSpan(child) !== undefined);
    return phases.flatMap((phase) => [
      phase,
      ...this.childrenOf(phase).filter((child) => phaseOfSpan(child) !== undefined),
    ]);
  }

  /** The links of a span. A link to a dial that is drawn among the phases has no line of its own. */
  private linksOf({ links }: ReadableSpan, drawn: ReadonlySet<string>): Note[] {
    const others = links.filter(({ context }) => !drawn.has(context.spanId));
    const notes = others.slice(0, MOST_LINKS).map(({ context }) => this.linkNote(context));
    const more = others.length - notes.length;
    return more > 0 ? [...notes, neutral(`↳ and ${more} more links`)] : notes;
  }

  private linkNote({ traceId, spanId }: SpanContext): Note {
    const here = this.byId.get(spanId);
    if (here !== undefined) {
      return neutral(`↳ linked to ${here.name}, span ${spanId}`);
    }
    const what = this.trace.isSetup(spanId) ? 'the connection was set up in' : 'linked to';
    return neutral(`↳ ${what} trace ${traceId}, span ${spanId}`);
  }
}

function neutral(text: string): Note {
  return { text, tone: 'neutral' };
}

function serviceOf({ resource }: ReadableSpan): string | undefined {
  return stringOf(resource.attributes, ATTR_SERVICE_NAME);
}
