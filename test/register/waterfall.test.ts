import {
  BasicTracerProvider,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WaterfallSpanProcessor } from '../../src/register/waterfall.js';

let written: string;

/** A span that has ended, of an SDK that decided so. */
function endedSpan(decision: SamplingDecision): ReadableSpan {
  const ended: ReadableSpan[] = [];
  const sampler: Sampler = { shouldSample: () => ({ decision }) };
  const keeping = new WaterfallSpanProcessor();
  keeping.onEnd = (span) => ended.push(span as typeof span & ReadableSpan);
  new BasicTracerProvider({ sampler, spanProcessors: [keeping] }).getTracer('t').startSpan('GET /a').end();
  const [span] = ended;
  if (span === undefined) {
    throw new Error('The SDK ended no span');
  }
  return span;
}

beforeEach(() => {
  written = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('WaterfallSpanProcessor', () => {
  it('draws what is sampled', async () => {
    const processor = new WaterfallSpanProcessor();
    processor.onEnd(endedSpan(SamplingDecision.RECORD_AND_SAMPLED));
    await processor.shutdown();

    expect(written).toContain('GET /a');
  });

  it('draws nothing of what is only recorded', async () => {
    const processor = new WaterfallSpanProcessor();
    processor.onEnd(endedSpan(SamplingDecision.RECORD));
    await processor.shutdown();

    expect(written).toBe('');
  });

  it.each(['forceFlush', 'shutdown'] as const)(
    'waits for the resource to be known before %s draws',
    async (end) => {
      let detected: () => void = () => undefined;
      const resource = {
        attributes: {},
        asyncAttributesPending: true,
        waitForAsyncAttributes: () => new Promise<void>((resolve) => (detected = resolve)),
      };
      const span = Object.create(endedSpan(SamplingDecision.RECORD_AND_SAMPLED), {
        resource: { value: resource },
      });
      const processor = new WaterfallSpanProcessor();
      processor.onEnd(span);
      const drawn = processor[end]();
      expect(written).toBe('');

      detected();
      await drawn;

      expect(written).toContain('GET /a');
    },
  );
});
