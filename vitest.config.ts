import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Processes, so that native modules, mapped memory and worker pools of one file never meet those of another.
    pool: 'forks',
    // Real servers, crashes and full scans run here: the limit ends a hang, it measures nothing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
