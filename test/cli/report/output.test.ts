import { afterEach, describe, expect, it, vi } from 'vitest';
import { Printer } from '../../../src/cli/output.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('--json', () => {
  it('escapes what a terminal may obey, and stays the same JSON', () => {
    const written: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const error = 'a\u001b[31m\u009b31m\u202eb\u007f';
    new Printer(process.stdout).json({ error });
    expect(written.join('')).toContain('a\\u001b[31m\\u009b31m\\u202eb\\u007f"}\n');
    expect(JSON.parse(written.join('')).error).toBe(error);
  });
});
