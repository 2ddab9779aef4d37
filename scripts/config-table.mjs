/**
 * The table of all options, made from the options themselves.
 *
 *   node scripts/config-table.mjs                       prints it
 *   node scripts/config-table.mjs --write FILE ...      puts it between the markers of each file
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';

const BEGIN = '<!-- options: begin, written by scripts/config-table.mjs -->';
const END = '<!-- options: end -->';

/**
 * @param placedOptions What `listOptions()` gives.
 * @param variablesOf Gives the variables of one of them.
 */
export function configTable(placedOptions, variablesOf) {
  const rows = placedOptions.map((placed) => {
    const { kind, defaultValue, description } = placed.option;
    const variables = variablesOf(placed).map((name) => `\`${name}\``);
    return [
      `\`${placed.path}\``,
      variables.length === 0 ? 'only in code' : variables.join(', else '),
      kind.values,
      kind.show(defaultValue),
      description,
    ];
  });
  const head = ['Option', 'Variable', 'Values', 'Default', 'What it does'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The text with the table between its markers. */
export function withConfigTable(text, table) {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`markers missing:\n${BEGIN}\n${END}`);
  }
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${text.slice(end)}`;
}

/** The modules that know the options, which the package has no entry point for. */
async function loadOptions() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const dir = join(root, '.cache', 'options');
  await build({
    cwd: root,
    input: { options: 'src/config/options.ts', environment: 'src/config/environment.ts' },
    external: /^[^./]/,
    platform: 'node',
    tsconfig: 'tsconfig.build.json',
    output: { dir, format: 'cjs' },
  });
  const require = createRequire(import.meta.url);
  return { ...require(join(dir, 'options.js')), ...require(join(dir, 'environment.js')) };
}

async function main([option, ...files]) {
  const { listOptions, variablesOf } = await loadOptions();
  const table = configTable(listOptions(), variablesOf);
  if (option !== '--write') {
    console.log(table);
  }
  for (const file of files) {
    writeFileSync(file, withConfigTable(readFileSync(file, 'utf8'), table));
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2));
}
