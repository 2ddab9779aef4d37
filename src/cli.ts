#!/usr/bin/env node
import { join } from 'node:path';
import { main } from './cli/main.js';

// Should the program end with something undone, that is no success.
process.exitCode = 1;
main(process.argv.slice(2), join(__dirname, 'cli', 'program', 'preload.js')).then(async (exitCode) => {
  await Promise.all([process.stdout, process.stderr].map(written));
  // A lookup that was given up goes on, and would keep the process for as long as the resolver takes.
  process.exit(exitCode);
});

/** Resolves when all that was written has left this process, or cannot. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
