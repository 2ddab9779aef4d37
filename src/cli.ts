#!/usr/bin/env node
import { join } from 'node:path';
import { main } from './cli/main.js';

// A process that ends before the exit code is known has not succeeded.
process.exitCode = 1;
main(process.argv.slice(2), join(__dirname, 'cli', 'program', 'preload.js')).then(async (exitCode) => {
  await Promise.all([process.stdout, process.stderr].map(written));
  // A lookup that was given up would keep the process alive for as long as the resolver takes.
  process.exit(exitCode);
});

/** Resolves when everything that was written has left this process, or cannot leave it. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
