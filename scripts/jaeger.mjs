/**
 * Finds Jaeger: JAEGER_BIN, a `jaeger` on the path, or one that was built here before. If there is none, builds it
 * from the Go module proxy, for which Go is needed, and keeps it in .cache. The Go module does not carry Jaeger's
 * page, only its query API.
 *
 *     node scripts/jaeger.mjs         prints where the program is
 *     node scripts/jaeger.mjs run     runs it as docker-compose.yml does: OTLP on 4317 and 4318, query API on 16686
 *     node scripts/jaeger.mjs test    runs the tests that need one; if none can be had, they are reported as skipped
 *
 * JAEGER_BUILD_MINUTES says how long a build may take.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, renameSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The last version that was published as a Go module; the same source as the image of docker-compose.yml. */
const MODULE = 'github.com/jaegertracing/jaeger@v1.76.0';
const built = join(root, '.cache', MODULE.replace('@', '-').replaceAll('/', '-'), 'jaeger');

/** On two idle processors it takes six. Where it takes longer than this, nobody waits for it. */
const BUILD_LIMIT_MINUTES = Number(process.env.JAEGER_BUILD_MINUTES ?? 10);

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

async function buildJaeger() {
  const { Dir } = JSON.parse(
    await go(['mod', 'download', '-json', MODULE], { stdio: ['ignore', 'pipe', 2] }),
  );
  console.error(`Building ${MODULE}: that takes minutes, once.`);
  mkdirSync(dirname(built), { recursive: true });
  // `go install` refuses modules with replace directives; from inside of the module they are in force.
  const unfinished = `${built}-${process.pid}`;
  await go(['build', '-ldflags=-s -w', '-o', unfinished, './cmd/jaeger'], { cwd: Dir });
  renameSync(unfinished, built);
  return built;
}

/** Runs Go in a process group of its own: its compilers and linkers would outlive it otherwise. */
function go(args, options) {
  const env = { ...process.env, CGO_ENABLED: '0' };
  const program = spawn('go', args, { stdio: ['ignore', 2, 2], ...options, env, detached: true });
  const output = [];
  program.stdout?.on('data', (chunk) => output.push(chunk));
  const giveUp = () => process.kill(-program.pid, 'SIGKILL');
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, giveUp);
  }
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      reject(new Error(`go ${args[0]} was given up after ${BUILD_LIMIT_MINUTES} minutes`));
      giveUp();
    }, BUILD_LIMIT_MINUTES * 60_000);
    program.on('error', (cause) => {
      clearTimeout(limit);
      reject(new Error('no Jaeger found, and no Go to build it: set JAEGER_BIN', { cause }));
    });
    program.on('close', (code, signal) => {
      clearTimeout(limit);
      if (code === 0) {
        resolve(Buffer.concat(output).toString());
      } else {
        reject(new Error(`go ${args[0]} failed: ${signal ?? `exit code ${code}`}`));
      }
    });
  });
}

async function runJaeger() {
  exitAs(spawn(findJaeger() ?? (await buildJaeger()), ['--config', jaegerConfig], { stdio: 'inherit' }));
}

async function testWithJaeger() {
  const found = process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? findJaeger();
  try {
    console.log(found ?? (await buildJaeger()));
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
  undefined: async () => console.log(findJaeger() ?? (await buildJaeger())),
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await COMMANDS[process.argv[2]]();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
