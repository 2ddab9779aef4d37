import { STATUS_CODES } from 'node:http';

/** A duration in milliseconds with three significant digits, at most eight columns wide. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) {
    return `${threeDigits(ms)} ms`;
  }
  const seconds = ms / 1000;
  if (seconds < 119.5) {
    return `${threeDigits(seconds)} s`;
  }
  return seconds < 7170 ? `${threeDigits(seconds / 60)} min` : `${threeDigits(seconds / 3600)} h`;
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes in decimal units, such as `1.23 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const larger of BYTE_UNITS) {
    if (value < 999.5) {
      break;
    }
    value /= 1000;
    unit = larger;
  }
  return unit === 'B' ? `${bytes} B` : `${threeDigits(value)} ${unit}`;
}

/** A status code with its standard name, such as `404 Not Found`. */
export function formatStatus(code: number): string {
  const name = STATUS_CODES[code];
  return name === undefined ? String(code) : `${code} ${name}`;
}

/** `host:port`, with IPv6 in brackets. Only the address if there is no port, as for a unix socket. */
export function formatAddress(address: string, port: number | undefined): string {
  if (port === undefined) {
    return address;
  }
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A message of OpenSSL such as `80ECC7AF:error:0A00010B:SSL routines:f:reason:file:350:`. Captures the reason. */
const OPENSSL = /[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):.*$/s;

/** The message of an error in one line, without what only the makers of OpenSSL understand. */
export function formatMessage(message: string): string {
  return message.replace(OPENSSL, '$1').replace(/\s+/g, ' ').trim();
}
