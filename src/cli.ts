#!/usr/bin/env node
import { join } from 'node:path';
import { main } from './cli/main.js';

// Should the program end with something undone, that is no success.
process.exitCode = 1;
main(process.argv.slice(2), join(__dirname, 'cli', 'program', 'preload.js')).then((exitCode) => {
  // Not `process.exit`: what is still being written to a pipe would be lost.
  process.exitCode = exitCode;
});
