/**
 * Finds Jaeger: JAEGER_BIN, a `jaeger` on the path, or one that was built here before. If there is none, builds it
 * from the Go module proxy, for which Go is needed, and keeps it in .cache. The Go module does not carry Jaeger's
 * page, only its query API.
 *
 *     node scripts/jaeger.mjs         prints where the program is
 *     node scripts/jaeger.mjs run     runs it as docker-compose.yml does: OTLP on 4317 and 4318, query API on 16686
 *     node scripts/jaeger.mjs test    runs the tests that need one; if none can be had, they are reported as skipped
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, renameSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The last version that was published as a Go module; the same source as the image of docker-compose.yml. */
const MODULE = 'github.com/jaegertracing/jaeger@v1.76.0';
const built = join(root, '.cache', MODULE.replace('@', '-').replaceAll('/', '-'), 'jaeger');

/** On two processors it takes six. Where it takes longer than this, nobody waits for it. */
const BUILD_LIMIT_MINUTES = 10;

export const jaegerConfig = join(root, 'docker', 'jaeger.yaml');

/** The path of a Jaeger that is there already. */
export function findJaeger() {
  const { JAEGER_BIN, PATH = '' } = process.env;
  if (JAEGER_BIN) {
    accessSync(JAEGER_BIN, constants.X_OK);
    return JAEGER_BIN;
  }
  const onPath = PATH.split(delimiter).map((folder) => join(folder, 'jaeger'));
  return [...onPath, built].find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function buildJaeger() {
  const { Dir } = JSON.parse(
    go(['mod', 'download', '-json', MODULE], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  console.error(`Building ${MODULE}: that takes minutes, once.`);
  mkdirSync(dirname(built), { recursive: true });
  // `go install` refuses modules with replace directives; from inside of the module they are in force.
  const unfinished = `${built}-${process.pid}`;
  go(['build', '-ldflags=-s -w', '-o', unfinished, './cmd/jaeger'], { cwd: Dir, stdio: ['ignore', 2, 2] });
  renameSync(unfinished, built);
  return built;
}

function go(args, options) {
  const env = { ...process.env, CGO_ENABLED: '0' };
  const timeout = BUILD_LIMIT_MINUTES * 60_000;
  const { error, status, stdout } = spawnSync('go', args, { ...options, env, timeout, encoding: 'utf8' });
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    throw new Error(`go ${args.join(' ')} took more than ${BUILD_LIMIT_MINUTES} minutes`, { cause: error });
  }
  if (error) {
    throw new Error('no Jaeger found, and no Go to build it: set JAEGER_BIN', { cause: error });
  }
  if (status !== 0) {
    throw new Error(`go ${args.join(' ')} failed`);
  }
  return stdout;
}

function runJaeger() {
  exitAs(spawn(findJaeger() ?? buildJaeger(), ['--config', jaegerConfig], { stdio: 'inherit' }));
}

function testWithJaeger() {
  const found = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? findJaeger();
  try {
    console.log(found ?? buildJaeger());
  } catch (error) {
    console.error(`SKIPPED: test/e2e: ${error.message}`);
  }
  // The tests run programs that are built.
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  exitAs(
    spawn(process.execPath, [vitest, 'run', 'test/e2e', '--reporter=verbose'], {
      cwd: root,
      stdio: 'inherit',
    }),
  );
}

function exitAs(program) {
  program.on('exit', (code) => process.exit(code ?? 1));
}

const COMMANDS = {
  run: runJaeger,
  test: testWithJaeger,
  undefined: () => console.log(findJaeger() ?? buildJaeger()),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  COMMANDS[process.argv[2]]();
}
