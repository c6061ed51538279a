import { TimeoutError } from '../domain/errors.ts';

/** Of a script that was stopped because its time was over. */
export function tookTooLong(target: string, what: string, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'remote-timeout',
    message: `${what} on ${target} was not done after ${timeoutMs / 1000} s and was stopped.`,
    hint: 'See whether the host is overloaded or its disk or network hangs, then run the same command again.',
    retryable: true,
  });
}
