import type { ExitCode } from '../domain/errors.ts';
import type { RunResult } from '../domain/event.ts';

const CODES: Readonly<Record<RunResult['outcome'], ExitCode>> = {
  done: 0,
  'nothing-to-do': 0,
  partly: 4,
  failed: 1,
  cancelled: 130,
};

/** What the shell is told of a run. */
export function exitCodeOf(result: RunResult): ExitCode {
  return CODES[result.outcome];
}
