import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPTION_ENTRIES } from '../../src/cli/command/option-table.js';
import { EXIT } from '../../src/cli/exit-code.js';
import { httptrace } from './bin.js';

const MANIFEST = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'));

describe('httptrace', () => {
  it('--help explains every option and every exit code, within 80 columns', async () => {
    const { exitCode, stdout, stderr } = await httptrace(['--help']);
    expect([exitCode, stderr]).toEqual([0, '']);
    for (const { name, short } of OPTION_ENTRIES) {
      expect(stdout).toMatch(
        new RegExp(`^ {2}${short === undefined ? '   ' : `-${short},`} --${name}( |$)`, 'm'),
      );
    }
    const codes = [...stdout.matchAll(/^ +(\d+) {2}\S/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('--version is that of the package', async () => {
    expect(await httptrace(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: `${MANIFEST.version}\n`,
      stderr: '',
    });
  });

  it.each([
    [['--nope'], 2, "httptrace: unknown option '--nope'; see httptrace --help\n"],
    [[], 2, 'httptrace: a URL is missing; see httptrace --help\n'],
    [['http://['], 3, 'httptrace: not a URL: http://[; give it as https://host/path\n'],
    [['http://a/\u001b[31m', 'b'], 2, 'httptrace: one URL, please, not 2; see httptrace --help\n'],
    [['ht\u001btp://['], 3, 'httptrace: not a URL: ht␛tp://[; give it as https://host/path\n'],
    [
      ['-d', '@/nowhere/at/all', 'http://127.0.0.1:9'],
      26,
      "httptrace: cannot read the data of -d @/nowhere/at/all: ENOENT: no such file or directory, open '/nowhere/at/all'\n",
    ],
  ])('says in one line what is wrong with %j', async (args, exitCode, stderr) => {
    expect(await httptrace(args)).toMatchObject({ exitCode, stdout: '', stderr });
  });
});
