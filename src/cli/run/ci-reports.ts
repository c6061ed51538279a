import { randomUUID } from 'node:crypto';
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Rke2ctlError } from '../../domain/errors.ts';
import { renderJunit } from '../../ui/junit-view.ts';
import type { RunReport } from '../../ui/run-report.ts';
import { renderStepSummary } from '../../ui/step-summary-view.ts';
import type { Caller } from '../cluster-source.ts';

/** Makes the JUnit file and its folder, of the one who called. Throws in words before any work is done, not after it. */
export async function prepareJunit(junit: string | undefined, { owner }: Caller): Promise<void> {
  if (junit === undefined) return;
  try {
    const first = await mkdir(dirname(junit), { recursive: true });
    await writeFile(junit, '');
    if (owner !== null) {
      for (const path of [junit, ...foldersFrom(first, dirname(resolve(junit)))])
        await chown(path, owner.uid, owner.gid);
    }
  } catch (error) {
    throw new Rke2ctlError({
      code: 'junit-unwritable',
      message: `${junit}, where the JUnit report is to go, cannot be written: ${wordsOf(error)}. Nothing was done.`,
      hint: 'Name another file with `--junit`.',
      exitCode: 3,
    });
  }
}

/** The folders that were made, the innermost first. */
function foldersFrom(first: string | undefined, last: string): readonly string[] {
  if (first === undefined) return [];
  return last === resolve(first) || last === dirname(last)
    ? [last]
    : [last, ...foldersFrom(first, dirname(last))];
}

/** What later steps of a GitHub job may use, through the file that GITHUB_OUTPUT names. */
export async function writeOutputs(
  values: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
  say: (message: string) => void,
): Promise<void> {
  const file = environment['GITHUB_OUTPUT'];
  if (file === undefined || file === '') return;
  const text = Object.entries(values)
    .map(([name, value]) => outputLines(name, value))
    .join('');
  await attempt(() => appendFile(file, text), file, say);
}

/** The JUnit file, and the summary where GITHUB_STEP_SUMMARY asks for one. A file that cannot be written is only said. */
export async function writeReports(
  report: RunReport,
  { junit, environment }: { readonly junit: string | undefined; readonly environment: NodeJS.ProcessEnv },
  say: (message: string) => void,
): Promise<void> {
  const summary = environment['GITHUB_STEP_SUMMARY'];
  if (junit !== undefined) await attempt(() => writeFile(junit, renderJunit(report)), junit, say);
  if (summary !== undefined && summary !== '')
    await attempt(() => appendFile(summary, renderStepSummary(report)), summary, say);
}

/** One line, or several between words that the value cannot hold. */
function outputLines(name: string, value: string): string {
  if (!/[\r\n]/.test(value)) return `${name}=${value}\n`;
  const end = `end-${randomUUID()}`;
  return `${name}<<${end}\n${value}\n${end}\n`;
}

async function attempt(
  write: () => Promise<void>,
  file: string,
  say: (message: string) => void,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    say(`${file} could not be written: ${wordsOf(error)}.`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
