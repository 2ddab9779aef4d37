import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** A span with what hangs on it; without what no test can know, such as times and identifiers. */
export interface ShownTree {
  readonly name: string;
  readonly kind: string;
  /** The message too, if there is one. */
  readonly status: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  /** Names of the spans that it is linked to, and what says how. */
  readonly links: readonly string[];
  readonly children: readonly ShownTree[];
}

/** The traces of a test, by the start of their first span. A span whose parent is missing is one of its own. */
export function treesOf(spans: readonly ReadableSpan[]): ShownTree[] {
  return childrenOf(undefined, spans);
}

function childrenOf(parent: ReadableSpan | undefined, all: readonly ReadableSpan[]): ShownTree[] {
  return all
    .filter((span) =>
      parent === undefined
        ? span.parentSpanContext === undefined
        : span.parentSpanContext?.spanId === parent.spanContext().spanId,
    )
    .sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
    .map((span) => shownTree(span, all));
}

function shownTree(span: ReadableSpan, all: readonly ReadableSpan[]): ShownTree {
  const { name, kind, status, attributes, events, links } = span;
  return {
    name,
    kind: SpanKind[kind] ?? '',
    status: [SpanStatusCode[status.code], ...(status.message === undefined ? [] : [status.message])].join(
      ': ',
    ),
    attributes,
    events: events.map((event) => event.name),
    links: links.map(
      ({ context }) => all.find((other) => other.spanContext().spanId === context.spanId)?.name ?? 'nothing',
    ),
    children: childrenOf(span, all),
  };
}

/** What is wrong with where spans hang: nothing, if no set-up but a connection's is a root, and all lie in their parents. */
export function treeFaults(spans: readonly ReadableSpan[]): string[] {
  return spans.flatMap((span) => {
    const { name, kind, parentSpanContext } = span;
    if (parentSpanContext === undefined) {
      const mayBeRoot = kind !== SpanKind.INTERNAL || name.startsWith('HTTP connection_setup ');
      return mayBeRoot || name === 'program' ? [] : [`${name} has no parent`];
    }
    const parent = spans.find((other) => other.spanContext().spanId === parentSpanContext.spanId);
    if (parent?.name === 'program') {
      // The SDK cuts its own times to the millisecond.
      return [];
    }
    if (parent === undefined) {
      return [`${name} has a parent that is not there`];
    }
    return [
      ...(nanoseconds(span.startTime) < nanoseconds(parent.startTime)
        ? [`${name} starts before ${parent.name}`]
        : []),
      ...(nanoseconds(span.endTime) > nanoseconds(parent.endTime)
        ? [`${name} ends after ${parent.name}`]
        : []),
      ...(span.spanContext().traceId === parent.spanContext().traceId ? [] : [`${name} is in another trace`]),
    ];
  });
}

function nanoseconds([seconds, nanos]: readonly [number, number]): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}
