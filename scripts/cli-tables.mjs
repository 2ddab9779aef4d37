/**
 * The tables of docs/cli.md, made from what the program itself knows.
 *
 *   node scripts/cli-tables.mjs                 prints the page
 *   node scripts/cli-tables.mjs --write         writes it
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

/** Rows of cells as a table of Markdown. */
function table(rows) {
  const [head = []] = rows;
  const escaped = rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  return [head.map(() => ''), head.map(() => '---'), ...escaped]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function optionsTable(groups) {
  const rows = Object.values(groups).flatMap((options) =>
    options.map(({ name, short, value, help }) => {
      const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
      return [`\`${names}${value === undefined ? '' : ` ${value}`}\``, help];
    }),
  );
  return table(rows);
}

/**
 * The page with its tables as they should be.
 *
 * @param knowledge What `src/cli` says of its options, its exit codes and the variables of -w.
 */
export function withCliTables(page, { OPTION_GROUPS, EXIT, EXIT_MEANINGS, VARIABLES }) {
  const tables = {
    options: optionsTable(OPTION_GROUPS),
    variables: table(Array.from(VARIABLES, ([name, { help }]) => [`\`%{${name}}\``, help])),
    'exit-codes': table(Object.entries(EXIT).map(([name, code]) => [String(code), EXIT_MEANINGS[name]])),
  };
  return Object.entries(tables).reduce((text, [name, content]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [before, after] = [text.indexOf(begin), text.indexOf(end)];
    if (before < 0 || after < before) {
      throw new Error(`markers missing: ${begin} ${end}`);
    }
    return `${text.slice(0, before + begin.length)}\n\n${content}\n\n${text.slice(after)}`;
  }, page);
}

/** The modules that know all that, which the package has no entry point for. */
async function loadKnowledge(root) {
  const dir = join(root, '.cache', 'cli-tables');
  await build({
    cwd: root,
    input: {
      options: 'src/cli/command/option-table.ts',
      codes: 'src/cli/exit-code.ts',
      variables: 'src/cli/report/write-out-variables.ts',
    },
    external: /^[^./]/,
    platform: 'node',
    tsconfig: 'tsconfig.build.json',
    output: { dir, format: 'cjs' },
  });
  const require = createRequire(import.meta.url);
  const modules = ['options', 'codes', 'variables'].map((name) => require(join(dir, `${name}.js`)));
  return Object.assign({}, ...modules);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const path = join(root, 'docs', 'cli.md');
  const page = withCliTables(readFileSync(path, 'utf8'), await loadKnowledge(root));
  if (process.argv.includes('--write')) {
    writeFileSync(path, page);
  } else {
    process.stdout.write(page);
  }
}
