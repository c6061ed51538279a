import type { ExecResult } from '../lab/command.ts';

/** Throws with everything the command said unless it ended with the wanted exit code. */
export function expectExit(result: ExecResult, exitCode = 0): ExecResult {
  if (result.exitCode === exitCode) return result;
  throw new Error(
    `exit code ${result.exitCode} instead of ${exitCode}\n--- stdout\n${result.stdout}\n--- stderr\n${result.stderr}`,
  );
}
