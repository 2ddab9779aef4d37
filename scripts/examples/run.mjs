import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 300_000;

/** Runs `npm start` of an example with these arguments; `written` gathers what it prints. */
export function start({ folder, node, scripts }, { args = [], env = {}, script = 'start' } = {}) {
  // npm is left out: it does not hand signals on.
  const [program, ...words] = [...scripts[script].split(' '), ...args];
  const path = [`${folder}/node_modules/.bin`, dirname(node), process.env.PATH].join(delimiter);
  const child = spawn(program === 'node' ? node : program, words, {
    cwd: folder,
    env: { ...process.env, PATH: path, ...env },
    timeout: PATIENCE_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (chunk) => {
      written[name] += chunk;
    });
  }
  const closed = once(child, 'close').then(([code, signal]) => signal ?? code);
  return { child, written, closed };
}

/** Runs a program to its end. */
export async function runToEnd(example, options) {
  const { written, closed } = start(example, options);
  const exit = await closed;
  if (exit !== 0) {
    throw new Error(`exits with ${exit}\n${written.stdout}${written.stderr}`);
  }
  return written;
}

/** Runs a server, asks it for these paths, tells it to stop; what it has printed until then. */
export async function runServer(example, { paths, env, until = /^/ }) {
  const { child, written, closed } = start(example, { env: { PORT: '0', ...env } });
  const failed = closed.then((exit) => {
    throw new Error(`exits with ${exit}\n${written.stdout}${written.stderr}`);
  });
  const [url] = await Promise.race([printed(child, written, /http:\/\/\S+/), failed]);
  const answers = [];
  for (const path of paths) {
    const response = await fetch(new URL(path, url));
    answers.push({ status: response.status, body: await response.text() });
  }
  await Promise.race([printed(child, written, until), failed]);
  failed.catch(() => undefined);
  // The span of a server ends after its client has the answer.
  await sleep(200);
  child.kill('SIGTERM');
  await closed;
  return { ...written, answers };
}

/** What in its output first matches. */
function printed(child, written, pattern) {
  return new Promise((resolve) => {
    const look = () => {
      const found = written.stdout.match(pattern);
      if (found) {
        child.stdout.off('data', look);
        resolve(found);
      }
    };
    child.stdout.on('data', look);
    look();
  });
}

/** Fails unless the text has a match for each pattern, and nothing was written to stderr. */
export function expectText({ stdout, stderr }, patterns) {
  if (stderr !== '') {
    throw new Error(`writes to stderr:\n${stderr}`);
  }
  for (const pattern of patterns) {
    if (!pattern.test(stdout)) {
      throw new Error(`does not print ${pattern}:\n${stdout}`);
    }
  }
}
