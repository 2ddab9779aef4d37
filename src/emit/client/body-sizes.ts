import type { Attributes } from '@opentelemetry/api';
import type { ClientRecord } from '../../recorder/client.js';
import { ATTR_HTTP_REQUEST_BODY_SIZE, ATTR_HTTP_RESPONSE_BODY_SIZE } from '../../semconv/semconv.js';
import type { ResponseHead } from '../../source/request-trace.js';
import type { ClientRequestView } from './views/view.js';

/** Bytes of the bodies on the wire; `undefined` for a size that was not asked for or is not known. */
export interface BodySizes {
  readonly request: number | undefined;
  readonly response: number | undefined;
}

export const NO_SIZES: BodySizes = { request: undefined, response: undefined };

/**
 * The sizes of both bodies. The counted sizes come first. The announced sizes stand in where the client does not tell of
 * each part (undici before 7.11).
 */
export function bodySizes(record: ClientRecord, view: ClientRequestView): BodySizes {
  const { requestBodyBytes, responseBodyBytes, wroteRequestAt, writeError, response, outcome } = record;
  const sent = !Number.isNaN(wroteRequestAt) && writeError === undefined;
  const received = response !== undefined && outcome?.kind === 'ended';
  return {
    request: requestBodyBytes || (sent ? view.contentLength : undefined),
    response: responseBodyBytes || (received ? announced(view, response) : undefined),
  };
}

function announced(view: ClientRequestView, response: ResponseHead): number | undefined {
  const { statusCode } = response;
  return view.method === 'HEAD' || statusCode === 204 || statusCode === 304
    ? 0
    : view.responseContentLength(response);
}

/** Adds the sizes that are wanted to a span's attributes. */
export function addBodySizes(attributes: Attributes, sizes: BodySizes, wanted: ReadonlySet<string>): void {
  if (sizes.request !== undefined && wanted.has(ATTR_HTTP_REQUEST_BODY_SIZE)) {
    attributes[ATTR_HTTP_REQUEST_BODY_SIZE] = sizes.request;
  }
  if (sizes.response !== undefined && wanted.has(ATTR_HTTP_RESPONSE_BODY_SIZE)) {
    attributes[ATTR_HTTP_RESPONSE_BODY_SIZE] = sizes.response;
  }
}
