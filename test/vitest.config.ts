import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `unit` runs anywhere without root; `lab` boots real hosts, one file at a time, as the machine has few cores. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,lab,standin}/**', 'test/transport/**'],
          testTimeout: 20_000,
        },
      },
      {
        root,
        test: {
          name: 'lab',
          include: ['test/{e2e,lab,standin,transport}/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
