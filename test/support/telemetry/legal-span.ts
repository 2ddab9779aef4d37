import { type Attributes, type HrTime, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What is wrong with a finished span: nothing, if a request can have gone like this. */
export function spanFaults(span: ReadableSpan): string[] {
  const faults = [
    ...attributeFaults('the span', span.attributes),
    ...span.events.flatMap(({ name, attributes }) => attributeFaults(name, attributes ?? {})),
    ...timeFaults(span),
    ...durationFaults(span.attributes, (nanoseconds(span.endTime) - nanoseconds(span.startTime)) / 1e9),
    ...errorFaults(span),
  ];
  return faults.map((fault) => `${span.name}: ${fault}`);
}

function attributeFaults(where: string, attributes: Attributes): string[] {
  return Object.entries(attributes)
    .filter(([, value]) => [value].flat().some(isNothing) || (Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key} of ${where} is ${JSON.stringify(value)}`);
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (typeof value === 'number' && !(value >= 0))
  );
}

function timeFaults({ startTime, endTime, events }: ReadableSpan): string[] {
  const times: [string, HrTime][] = [
    ['start', startTime],
    ...events.map(({ name, time }): [string, HrTime] => [name, time]),
    ['end', endTime],
  ];
  return times.flatMap(([name, time], i) => {
    const [before, earlier] = times[i - 1] ?? [name, time];
    return nanoseconds(time) < nanoseconds(earlier) ? [`${name} comes before ${before}`] : [];
  });
}

/** Of what two clock readings may differ by. */
const TOLERANCE_S = 2e-6;

/** The phases lie one after another; only the sending may go on while the response is there already. */
function durationFaults(attributes: Attributes, totalS: number): string[] {
  const duration = (phase: string): number => Number(attributes[`httptrace.${phase}.duration`] ?? 0);
  const sums: [string, number, number][] = [
    ['the dial takes longer than the wait for it', dial(duration), getConn(attributes)],
    ['getconn and send take longer than all', duration('getconn') + duration('send'), totalS],
    [
      'getconn, wait and receive take longer than all',
      duration('getconn') + duration('wait') + duration('receive'),
      totalS,
    ],
  ];
  return sums.filter(([, part, whole]) => part > whole + TOLERANCE_S).map(([fault]) => fault);
}

function dial(duration: (phase: string) => number): number {
  return duration('dns') + duration('connect') + duration('tls');
}

function getConn(attributes: Attributes): number {
  return Number(attributes['httptrace.getconn.duration'] ?? Number.POSITIVE_INFINITY);
}

function errorFaults({ status, attributes, events }: ReadableSpan): string[] {
  const type = attributes['error.type'];
  const isError = status.code === SpanStatusCode.ERROR;
  const end = events.find(
    ({ name, attributes }) => name === 'http.receive.done' && attributes?.['error.type'],
  );
  return [
    ...(isError === (type !== undefined) ? [] : [`error.type is ${type} and the status ${status.code}`]),
    ...(end === undefined || end.attributes?.['error.type'] === type
      ? []
      : ['receive.done has another error.type']),
    ...(attributes['httptrace.failed_phase'] === undefined || isError
      ? []
      : ['a phase failed, the span did not']),
  ];
}

function nanoseconds([seconds, nanos]: HrTime): number {
  // Relative to a moment of these years, all digits fit.
  return (seconds - 1_700_000_000) * 1e9 + nanos;
}
