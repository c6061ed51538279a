import { CancelledError, ConnectionLostError, Rke2ctlError } from '../domain/errors.ts';
import type { Failure } from '../domain/event.ts';

/** What an error means for the step it ended: lost connections leave the outcome unknown. */
export function failureOf(error: unknown): {
  readonly outcome: 'failed' | 'unknown' | 'cancelled';
  readonly failure: Failure;
} {
  // What Node itself rejects with when a wait is broken off.
  const known = error instanceof Error && error.name === 'AbortError' ? new CancelledError() : error;
  return { outcome: outcomeOf(known), failure: describeFailure(known) };
}

/** An error in the words of an event; errors that are not ours are named as defects. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Rke2ctlError) {
    const lastWords = 'lastWords' in error ? (error.lastWords as readonly string[]) : undefined;
    const { code, message, hint } = error;
    return { code, message, hint, ...(lastWords === undefined ? {} : { lastWords }) };
  }
  return {
    code: 'internal',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    hint: 'This is a defect of rke2ctl: please report it with the log file.',
  };
}

function outcomeOf(error: unknown): 'failed' | 'unknown' | 'cancelled' {
  if (error instanceof CancelledError) return 'cancelled';
  return error instanceof ConnectionLostError ? 'unknown' : 'failed';
}
