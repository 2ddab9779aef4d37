import type { Attributes, HrTime } from '@opentelemetry/api';
import { epochAt, now, toHrTime } from '../../clock.js';
import { addDialledAddress } from '../../emit/http/attributes.js';
import {
  ATTR_DNS_ANSWERS,
  ATTR_DNS_QUESTION_NAME,
  EVENT_HTTP_CONNECT_DONE,
  EVENT_HTTP_CONNECT_START,
  EVENT_HTTP_DNS_DONE,
  EVENT_HTTP_DNS_START,
  EVENT_HTTP_GETCONN_DONE,
  EVENT_HTTP_GETCONN_START,
  EVENT_HTTP_RECEIVE_START,
  EVENT_HTTP_SEND_DONE,
  EVENT_HTTP_SEND_START,
  EVENT_HTTP_TLS_DONE,
  EVENT_HTTP_TLS_START,
} from '../../semconv/semconv.js';
import type { RequestTrace } from '../../source/request-trace.js';

/** A step of a request, in the form of the event that the span will have. */
export interface Step {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes: Attributes;
}

/** Tells each step when it happens, because a process that is killed cannot tell of its open requests. */
export function tellingSteps(onStep: (step: Step) => void): RequestTrace {
  const tell = (name: string, attributes: Attributes = {}): void => {
    const at = now();
    onStep({ name, time: toHrTime(epochAt(at), at), attributes });
  };
  const dialled = (network: 'tcp' | 'unix', addr: string): Attributes => {
    const attributes: Attributes = {};
    addDialledAddress(attributes, network, addr);
    return attributes;
  };
  return {
    getConn: () => tell(EVENT_HTTP_GETCONN_START),
    dnsStart: ({ host }) => tell(EVENT_HTTP_DNS_START, { [ATTR_DNS_QUESTION_NAME]: host }),
    dnsDone: ({ addrs }) =>
      tell(EVENT_HTTP_DNS_DONE, { [ATTR_DNS_ANSWERS]: addrs.map(({ address }) => address) }),
    connectStart: (network, addr) => tell(EVENT_HTTP_CONNECT_START, dialled(network, addr)),
    connectDone: (network, addr) => tell(EVENT_HTTP_CONNECT_DONE, dialled(network, addr)),
    tlsHandshakeStart: () => tell(EVENT_HTTP_TLS_START),
    tlsHandshakeDone: () => tell(EVENT_HTTP_TLS_DONE),
    gotConn: () => tell(EVENT_HTTP_GETCONN_DONE),
    wroteHeaders: () => tell(EVENT_HTTP_SEND_START),
    wroteRequest: () => tell(EVENT_HTTP_SEND_DONE),
    gotResponse: () => tell(EVENT_HTTP_RECEIVE_START),
  };
}
