import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lasting } from './lasting.mjs';
import { stepsOf } from './steps.mjs';

const PATIENCE_MS = 300_000;

/** What npm says of itself there is no part of what a page promises. */
const OF_NPM = /^npm |^npx /;

/** Of these commands a page says that they are for a checkout of the repository. */
const IN_A_CHECKOUT = /^npm (?:ci|run) |^node examples\//;

/**
 * Does what a page says, from top to bottom, in a folder that was empty.
 *
 * @param page Its text.
 * @param folder Where a user's program is.
 * @param checkout Where the repository is, for the commands that need it.
 * @param env In which the commands run.
 * @param spans What the collector was sent that `env` names.
 * @returns How many commands were run.
 */
export async function walk(page, { folder, checkout, env, spans }) {
  const pictures = [];
  const printed = [];
  for (const { line, file, text, command, prints, picture } of stepsOf(page)) {
    if (file !== undefined) {
      writeFileSync(join(folder, file), text);
    }
    if (picture !== undefined) {
      pictures.push({ line, picture });
    }
    if (command !== undefined) {
      const before = spans.length;
      const { stdout, stderr } = await run(command, {
        cwd: IN_A_CHECKOUT.test(command) ? checkout : folder,
        env,
        line,
      });
      printed.push(stdout);
      if (prints !== undefined) {
        assert.deepEqual(lasting(stdout), lasting(prints), `line ${line}: ${command}`);
      }
      if (/ --(?:import)? /.test(command)) {
        assert.ok(
          `${stdout}${stderr}`.includes('getconn') || spans.length > before,
          `line ${line}: no trace of ${command}`,
        );
      }
    }
  }
  for (const shown of pictures) {
    expectPicture(shown, printed.join('\n'));
  }
  return printed.length;
}

async function run(command, { cwd, env, line }) {
  try {
    const { stdout, stderr } = await promisify(execFile)('sh', ['-e', '-c', command], {
      cwd,
      env,
      timeout: PATIENCE_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    if (!OF_NPM.test(command)) {
      assert.equal(stderr, '', `line ${line}: ${command}`);
    }
    return { stdout, stderr };
  } catch (error) {
    throw new Error(`line ${line}: ${command}\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  }
}

/** Each line of a picture is one of those that the page's commands drew; below its last line more may have been. */
function expectPicture({ line, picture }, drawn) {
  const lines = branches(drawn);
  const missing = branches(picture).filter((wanted) => !lines.includes(wanted));
  assert.deepEqual(missing, [], `line ${line}: not drawn`);
}

function branches(drawing) {
  return lasting(drawing).map((line) => line.replace('└', '├'));
}
