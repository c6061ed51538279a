import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/*
 * `npm test`: all tests, and files of real hosts that fail once more, by themselves. Such hosts have clocks, disks and
 * neighbours of their own, so what passes only then is told as unsteady, with its first failure, and not hidden; what fails
 * twice, and any failure of a unit test, is red.
 */

/** The part of vitest's JSON report that is needed here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly name: string; readonly status: string }[];
}

/** More files than that do not fail by chance. */
const MOST_FILES = 3;
const REAL_HOSTS = /^test\/(e2e|lab|standin|transport)\//;

async function runVitest(words: readonly string[], report: string): Promise<number> {
  const child = spawn('npx', ['vitest', 'run', '--config', 'test/vitest.config.ts', ...words], {
    stdio: 'inherit',
    env: { ...process.env, RKE2CTL_TEST_REPORT: report },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const readReport = async (path: string): Promise<Report> => JSON.parse(await readFile(path, 'utf8'));

async function main(words: readonly string[]): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'rke2ctl-test-'));
  const wanted = process.env['RKE2CTL_TEST_REPORT'];
  try {
    const path = join(directory, 'first.json');
    const code = await runVitest(words, path);
    if (wanted !== undefined) await copyFile(path, wanted);
    if (code === 0) return 0;
    const first = await readReport(path);
    const failed = first.testResults.filter(({ status }) => status === 'failed');
    const files = failed.map(({ name }) => relative(process.cwd(), name));
    const isWorthIt =
      files.length > 0 && files.length <= MOST_FILES && files.every((file) => REAL_HOSTS.test(file));
    if (!isWorthIt) return code;
    console.log(`\nOnce more, by themselves: ${files.join(', ')}\n`);
    const again = join(directory, 'again.json');
    const codeAgain = await runVitest(['--no-file-parallelism', ...files], again);
    const second = await readReport(again);
    if (wanted !== undefined) await writeFile(wanted, JSON.stringify(afterBoth(first, second)));
    if (codeAgain === 0) console.log(`\nUNSTEADY, passed only at the second try: ${files.join(', ')}`);
    return codeAgain;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What holds after the second try: every test counts once, as it ended last. */
function afterBoth(first: Report, second: Report): Report {
  const recovered = first.numFailedTests - second.numFailedTests;
  return {
    ...first,
    numPassedTests: first.numPassedTests + recovered,
    numFailedTests: second.numFailedTests,
  };
}

process.exitCode = await main(process.argv.slice(2));
