import type { PeerCertificate } from 'node:tls';
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_TLS_SERVER_HASH_SHA256,
  ATTR_TLS_SERVER_ISSUER,
  ATTR_TLS_SERVER_NOT_AFTER,
  ATTR_TLS_SERVER_NOT_BEFORE,
  ATTR_TLS_SERVER_SUBJECT,
} from '../../semconv/semconv.js';

const READERS: Readonly<Record<string, (certificate: PeerCertificate) => string | undefined>> = {
  [ATTR_TLS_SERVER_SUBJECT]: ({ subject }) => distinguishedName(subject),
  [ATTR_TLS_SERVER_ISSUER]: ({ issuer }) => distinguishedName(issuer),
  [ATTR_TLS_SERVER_NOT_BEFORE]: ({ valid_from }) => isoTime(valid_from),
  [ATTR_TLS_SERVER_NOT_AFTER]: ({ valid_to }) => isoTime(valid_to),
  [ATTR_TLS_SERVER_HASH_SHA256]: ({ fingerprint256 }) => fingerprint256?.replaceAll(':', '').toUpperCase(),
};

/** The opt-in attributes that come from a server's certificate. */
export const SERVER_CERTIFICATE_ATTRIBUTES: readonly string[] = Object.keys(READERS);

/** @param wanted Names of the attributes that were opted in. Names that are no certificate's are ignored. */
export function addServerCertificate(
  attributes: Attributes,
  certificate: PeerCertificate,
  wanted: ReadonlySet<string>,
): void {
  for (const name of SERVER_CERTIFICATE_ATTRIBUTES) {
    const value = wanted.has(name) ? READERS[name]?.(certificate) : undefined;
    if (value) {
      attributes[name] = value;
    }
  }
}

/** The name in the form of RFC 4514, with the most specific part first. A certificate has it last. */
function distinguishedName(name: PeerCertificate['subject'] | undefined): string {
  return Object.entries(name ?? {})
    .flatMap(([type, values]) => [values].flat().map((value) => `${type}=${escaped(String(value))}`))
    .reverse()
    .join(', ');
}

function escaped(value: string): string {
  return value.replace(/[\\,+"<>;]/g, '\\$&');
}

function isoTime(openSslTime: string | undefined): string | undefined {
  const time = new Date(openSslTime ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
