import type { Block, Note } from '../../waterfall/model.js';
import {
  bytesDetail,
  type PhaseInterval,
  type RequestFailure,
  requestBlock,
} from '../../waterfall/request-block.js';
import { requestFacts } from '../../waterfall/span-block.js';
import { phasesOf } from '../../waterfall/span-phases.js';
import { failureOf, methodOf, present, protocolOf, type RequestReport, urlOf } from './request-report.js';

/**
 * The block of a request.
 *
 * @param service The process of the request, if there are several.
 */
export function drawingOf(report: RequestReport, service?: string): Block {
  const { span, redirectedTo } = report;
  const failure = failureOf(report);
  const phases = phasesOf(span, []).map((interval) => described(interval, report, failure));
  const facts = {
    ...requestFacts(span, phases),
    title: `${methodOf(span)} ${urlOf(span)}`,
    ...present({ protocol: protocolOf(report), failure, service }),
  };
  const notes: Note[] = redirectedTo === undefined ? [] : [{ text: `→ ${redirectedTo}`, tone: 'neutral' }];
  return requestBlock(facts, [], notes);
}

/** Not drawn, because most requests have no body. */
const [NO_BODY] = bytesDetail(0);

/** A phase with details that its span does not have. */
function described(
  interval: PhaseInterval,
  { unverified }: RequestReport,
  failure: RequestFailure | undefined,
): PhaseInterval {
  if (interval.phase === failure?.phase && interval.error === undefined) {
    return { ...interval, error: failure.type };
  }
  if (interval.phase === 'send') {
    return { ...interval, details: interval.details.filter((detail) => detail !== NO_BODY) };
  }
  return interval.phase === 'tls' && unverified === true && interval.error === undefined
    ? { ...interval, details: [...interval.details, 'not verified'] }
    : interval;
}
