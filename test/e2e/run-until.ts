import type { ExecResult } from '../lab/command.ts';
import type { Project } from './project.ts';

/** A run during which something happened. */
export interface EventfulRun extends ExecResult {
  /** False when the moment never came: then the test has tried nothing. */
  readonly happened: boolean;
  readonly durationMs: number;
}

/**
 * Runs rke2ctl as in a pipe and lets `act` happen as soon as its progress on stderr matches `moment`; `pid` is the
 * command's own, `said` gives the progress so far. Resolves once both are over.
 */
export async function runUntil(
  project: Project,
  args: readonly string[],
  moment: RegExp,
  act: (pid: number, said: () => string) => unknown,
): Promise<EventfulRun> {
  const started = Date.now();
  const child = project.spawn(...args);
  let said = '';
  let acted: Promise<unknown> | null = null;
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (acted === null && moment.test(said)) acted = Promise.resolve(act(child.pid ?? 0, () => said));
  });
  const { exitCode, stdout, stderr } = await child;
  await acted;
  return {
    exitCode: exitCode ?? -1,
    stdout: String(stdout),
    stderr: String(stderr),
    happened: acted !== null,
    durationMs: Date.now() - started,
  };
}
