import type { Diagnostic } from '../domain/diagnostic.ts';
import { type ExitCode, Rke2ctlError } from '../domain/errors.ts';
import { describeFailure } from '../engine/failure-of.ts';
import { renderError } from '../ui/error-view.ts';
import { decideStyle } from '../ui/style.ts';
import type { CommonFlags } from './flags.ts';
import { showFindings } from './show-findings.ts';

/** Tells an error in words on stderr (as a JSON line on `results` with `--output json`) and gives the exit code. */
export function reportError(
  error: unknown,
  options: Pick<CommonFlags, 'output'>,
  results: NodeJS.WritableStream = process.stdout,
): ExitCode {
  const failure = describeFailure(error);
  const diagnostics = findingsOf(error);
  if (options.output === 'json') {
    results.write(`${JSON.stringify({ type: 'error', ...failure, diagnostics })}\n`);
  } else {
    const { isTTY, columns } = process.stderr;
    showFindings(diagnostics);
    const style = decideStyle({ env: process.env, isTerminal: isTTY === true, columns });
    process.stderr.write(renderError(failure, style));
  }
  return error instanceof Rke2ctlError ? error.exitCode : 1;
}

function findingsOf(error: unknown): readonly Diagnostic[] {
  return error instanceof Rke2ctlError && 'diagnostics' in error
    ? (error.diagnostics as readonly Diagnostic[])
    : [];
}
