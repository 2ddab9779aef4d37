import {
  ATTR_DNS_ANSWERS,
  ATTR_DNS_QUESTION_NAME,
  ATTR_HTTP_REQUEST_BODY_SIZE,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_TLS_NEXT_PROTOCOL,
  ATTR_TLS_PROTOCOL_NAME,
  ATTR_TLS_PROTOCOL_VERSION,
  ATTR_TLS_RESUMED,
  type Phase,
} from '../semconv/semconv.js';
import { formatAddress } from './format.js';
import { type AttributeBag, booleanOf, numberOf, stringOf, stringsOf } from './readable-span.js';
import { bytesDetail } from './request-block.js';

/** The details of a phase, from the attributes of its event or its span. */
export function detailsOf(phase: Phase, attributes: AttributeBag): string[] {
  switch (phase) {
    case 'dns':
      return dnsDetails(attributes);
    case 'connect':
      return peerOf(attributes) ?? [];
    case 'tls':
      return tlsDetails(attributes);
    case 'send':
      return bytesDetail(numberOf(attributes, ATTR_HTTP_REQUEST_BODY_SIZE));
    case 'receive':
      return bytesDetail(numberOf(attributes, ATTR_HTTP_RESPONSE_BODY_SIZE));
    default:
      return [];
  }
}

/** The other end of the connection as `host:port`. */
export function peerOf(attributes: AttributeBag): [string] | undefined {
  const address = stringOf(attributes, ATTR_NETWORK_PEER_ADDRESS);
  return address === undefined
    ? undefined
    : [formatAddress(address, numberOf(attributes, ATTR_NETWORK_PEER_PORT))];
}

function dnsDetails(attributes: AttributeBag): string[] {
  const name = stringOf(attributes, ATTR_DNS_QUESTION_NAME);
  const answers = stringsOf(attributes, ATTR_DNS_ANSWERS).join(', ');
  if (name === undefined) {
    return answers === '' ? [] : [answers];
  }
  return [answers === '' ? name : `${name} → ${answers}`];
}

function tlsDetails(attributes: AttributeBag): string[] {
  const version = stringOf(attributes, ATTR_TLS_PROTOCOL_VERSION);
  const name = (stringOf(attributes, ATTR_TLS_PROTOCOL_NAME) ?? 'tls').toUpperCase();
  const protocol = stringOf(attributes, ATTR_TLS_NEXT_PROTOCOL);
  return [
    version === undefined ? undefined : `${name} ${version}`,
    protocol,
    booleanOf(attributes, ATTR_TLS_RESUMED) === true ? 'resumed' : undefined,
  ].filter((detail) => detail !== undefined);
}
