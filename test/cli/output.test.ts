import { afterEach, describe, expect, it, vi } from 'vitest';
import { Reports } from '../../src/cli/output.js';
import { RequestRecorder } from '../../src/cli/recorder.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('--json', () => {
  it('escapes what a terminal may obey, and stays the same JSON', () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const recorder = new RequestRecorder({
      url: new URL('http://a/'),
      method: 'GET',
      headers: [],
      body: undefined,
    });
    const message = 'a\u001b[31m\u009b31m\u202eb\u007f';
    recorder.failed(new Error(message));
    new Reports(true, undefined).request(recorder);
    expect(written.join('')).toContain('Error: a\\u001b[31m\\u009b31m\\u202eb\\u007f"}\n');
    expect(JSON.parse(written.join('')).error).toBe(`Error: ${message}`);
  });
});
