import type { Attributes } from '@opentelemetry/api';
import { compileHeaderCapture, type HeaderCapture } from '../../../src/emit/http/headers.js';

const NAMES = ['X-One', 'x-two', 'Set-Cookie', 'Content-Length', 'Host', 'authorization'];

export function compiled(
  side: 'request' | 'response',
  names: string[] = NAMES,
  redacted?: string[],
): HeaderCapture {
  const capture = compileHeaderCapture(side, names, redacted);
  if (capture === undefined) {
    throw new Error('nothing to capture');
  }
  return capture;
}

export function captured(capture: (attributes: Attributes) => void): Attributes {
  const attributes: Attributes = {};
  capture(attributes);
  return attributes;
}
