import { type ExitCode, Rke2ctlError } from '../domain/errors.ts';
import { describeFailure } from '../engine/failure-of.ts';
import { renderError } from '../ui/error-view.ts';
import { renderFindings } from '../ui/findings-view.ts';
import type { CommonFlags } from './program.ts';

/** Tells an error in words on stderr (as a JSON line on stdout with `--output json`) and gives the exit code. */
export function reportError(error: unknown, options: Pick<CommonFlags, 'output'>): ExitCode {
  const failure = describeFailure(error);
  const diagnostics = error instanceof Rke2ctlError && 'diagnostics' in error ? error.diagnostics : [];
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify({ type: 'error', ...failure, diagnostics })}\n`);
  }
  return error instanceof Rke2ctlError ? error.exitCode : 1;
}
