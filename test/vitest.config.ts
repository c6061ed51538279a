import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where to put a report for machines, beside what people read. */
const report = process.env['RKE2CTL_TEST_REPORT'];

/** Tests of scripts that want to be root, on this machine. */
const ROOT_TESTS =
  'test/{host/{fetch-script,files,host,inspect-host,receive-file,upload},artifacts/{distributor,fetch-by-url}}.test.ts';

/** Tests that measure, count or break the very line they use: they want the machine for themselves. */
const ALONE_TESTS = [
  'test/{lab,transport}/**/*.test.ts',
  'test/e2e/{counts,faults,faults-running,membership,run,simulated-hosts,status}.test.ts',
  ROOT_TESTS,
];

const LAB = {
  globalSetup: 'test/lab/global-setup.ts',
  testTimeout: 600_000,
  hookTimeout: 600_000,
};

/**
 * `unit` runs anywhere without root. `lab` boots real hosts, two files at a time, as hosts mostly wait; `alone` does so
 * one file at a time.
 */
export default defineConfig({
  root,
  test: {
    ...(report === undefined ? {} : { reporters: ['default', ['json', { outputFile: report }]] }),
    // Left to itself vitest keeps one core free, which is half of two.
    maxWorkers: '100%',
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{e2e,lab,standin,transport}/**', ROOT_TESTS],
          testTimeout: 20_000,
          // They change nothing of their process: loading every module anew for each file took twice as long as the tests.
          isolate: false,
        },
      },
      {
        root,
        test: {
          name: 'lab',
          include: ['test/{e2e,standin}/**/*.test.ts'],
          exclude: ALONE_TESTS,
          ...LAB,
          // After `unit`: hosts that boot want the machine for themselves.
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: 'alone',
          include: ALONE_TESTS,
          ...LAB,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
