import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withCliTables } from '../../scripts/cli-tables.mjs';
import { OPTION_GROUPS } from '../../src/cli/command/option-table.js';
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { VARIABLES } from '../../src/cli/report/write-out-variables.js';
import { httptrace } from '../cli/bin.js';
import { http2Server } from '../support/servers/truthful-server.js';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'cli.md'), 'utf8');

describe('docs/cli.md', () => {
  it('has the options, exit codes and variables of the program; else run npm run docs', () => {
    expect(PAGE).toBe(withCliTables(PAGE, { OPTION_GROUPS, EXIT, EXIT_MEANINGS, VARIABLES }));
  });

  it('describes each field of --json', async () => {
    const table = PAGE.slice(PAGE.indexOf('<!-- json -->'), PAGE.indexOf('<!-- /json -->'));
    const described = Array.from(table.matchAll(/^\| (`.+?`) \|/gm), ([, names = '']) =>
      names.split(', '),
    ).flat();
    const { origin } = await http2Server((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.writeHead(302, { location: '/elsewhere' });
      res.end();
    });
    const { stdout } = await httptrace(['--json', '-i', '-k', origin]);
    const { stdout: failed } = await httptrace(['--json', 'http://127.0.0.1:9/']);
    const printed = new Set([...Object.keys(JSON.parse(stdout)), ...Object.keys(JSON.parse(failed))]);
    expect(described.map((name) => name.replaceAll('`', '')).sort()).toEqual([...printed].sort());
  });
});
