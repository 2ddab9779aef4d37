import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/built.ts',
    // Diagnostics channels and patched prototypes belong to a process: each file gets its own.
    pool: 'forks',
    testTimeout: 30_000,
    // Real sockets on a machine that others use as well: a test that fails there must fail twice.
    retry: process.env.CI ? 1 : 0,
  },
});
