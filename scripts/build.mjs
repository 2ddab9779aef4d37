/**
 * `npm run build`: types by the compiler, file by file; code in few files, for each file that Node.js loads costs a
 * program's start about a quarter of a millisecond.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { reachable } from './reachable.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is loaded by name: by users, or only when something else is there. */
const ENTRIES = [
  'cli',
  'cli/program/preload',
  'httpsnoop/index',
  'httptrace',
  'index',
  'register',
  'register/start',
  'waterfall/index',
];

/** Nothing but constants: they are compiled in. */
const CONVENTIONS = '@opentelemetry/semantic-conventions';

/** What an entry loads only when it comes to it, and other packages, stay outside. */
const isOutside = (id) => (/^[^./]/.test(id) && id !== CONVENTIONS) || id === './register/start.js';

function writeTypes() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

/** The compiler describes each source; users need what the entry points lead to. */
function removeUnreachableTypes() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const kept = reachable(
    root,
    Object.values(exports).flatMap(({ types }) => types ?? []),
  );
  for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
    const path = `dist/${name.replaceAll('\\', '/')}`;
    if (path.endsWith('.d.ts') && !kept.has(path)) {
      rmSync(join(root, path));
    }
  }
}

/** Modules of Node's that take it as long to load as all of ours, and that a program may never need. */
const LOADED_WHEN_USED = ['node:http', 'node:https', 'node:tls'];

/** An import alone loads none of them: they come with the first instance that records, or the first call. */
const loadWhenUsed = {
  name: 'load-when-used',
  renderChunk: (code) => LOADED_WHEN_USED.reduce(withoutLoading, code),
};

function withoutLoading(code, module) {
  const name = module.replace(':', '_');
  const loading = new RegExp(
    `^let ${name} = require\\("${module}"\\);\n(?:${name} = (?:\\w+\\.)?__toESM\\(${name}\\);\n)?`,
    'm',
  );
  const [head, rest, ...more] = code.split(loading);
  // The bin makes requests anyway.
  if (rest === undefined || rest.includes(`${name}.default`)) {
    return code;
  }
  const used = rest.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), `${name}()`);
  if (more.length > 0 || head.includes(name)) {
    throw new Error(`${module} is not loaded as it was`);
  }
  return `${head}let loaded_${name};\nconst ${name} = () => (loaded_${name} ??= require("${module}"));\n${used}`;
}

async function writeCode() {
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(ENTRIES.map((name) => [name, `src/${name}.ts`])),
    external: isOutside,
    platform: 'node',
    tsconfig: 'tsconfig.build.json',
    plugins: [loadWhenUsed],
    optimization: { inlineConst: { mode: 'all', pass: 3 } },
  });
  await bundle.write({
    dir: 'dist',
    format: 'cjs',
    chunkFileNames: 'chunks/[name].js',
    esModule: true,
    exports: 'named',
    strict: true,
  });
  await bundle.close();
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
writeTypes();
removeUnreachableTypes();
await writeCode();
