import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where to put a report for machines, beside what people read. */
const report = process.env['RKE2CTL_TEST_REPORT'];

/** Tests of scripts that want to be root, on this machine. */
const ROOT_TESTS = 'test/host/{files,host,inspect-host,upload}.test.ts';

/** `unit` runs anywhere without root; `lab` boots real hosts, one file at a time, as the machine has few cores. */
export default defineConfig({
  root,
  test: {
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,lab,standin,transport}/**', ROOT_TESTS],
          testTimeout: 20_000,
        },
      },
      {
        root,
        test: {
          name: 'lab',
          include: ['test/{e2e,lab,standin,transport}/**/*.test.ts', ROOT_TESTS],
          globalSetup: 'test/lab/global-setup.ts',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
