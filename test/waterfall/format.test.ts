import { describe, expect, it } from 'vitest';
import {
  formatAddress,
  formatBytes,
  formatDuration,
  formatMessage,
  formatStatus,
} from '../../src/waterfall/format.js';

describe('formatDuration', () => {
  it.each([
    [0, '0.00 ms'],
    [0.004, '0.00 ms'],
    [1.234, '1.23 ms'],
    [9.994, '9.99 ms'],
    [9.996, '10.0 ms'],
    [99.96, '100 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [12_345, '12.3 s'],
    [119_400, '119 s'],
    [150_000, '2.50 min'],
    [7_200_000, '2.00 h'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [48_200, '48.2 kB'],
    [999_600, '1.00 MB'],
    [5e9, '5.00 GB'],
  ])('of %d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatStatus', () => {
  it.each([
    [200, '200 OK'],
    [103, '103 Early Hints'],
    [599, '599'],
  ])('of %d is %s', (code, text) => {
    expect(formatStatus(code)).toBe(text);
  });
});

describe('formatAddress', () => {
  it.each([
    ['127.0.0.1', 80, '127.0.0.1:80'],
    ['::1', 80, '[::1]:80'],
    ['/run/app.sock', undefined, '/run/app.sock'],
  ])('of %s and %s is %s', (address, port, text) => {
    expect(formatAddress(address, port)).toBe(text);
  });
});

describe('formatMessage', () => {
  it.each([
    ['connect ECONNREFUSED ::1:80', 'connect ECONNREFUSED ::1:80'],
    ['two\n  lines\n', 'two lines'],
    [
      '80ECC7AFA47F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350:\n',
      'wrong version number',
    ],
    [
      'write EPROTO 80EC:error:0A00010B:SSL routines:f:wrong version number:a.c:350:\n',
      'write EPROTO wrong version number',
    ],
  ])('of %j is %j', (message, text) => {
    expect(formatMessage(message)).toBe(text);
  });
});
