import { CancelledError, ConnectionLostError, TimeoutError } from '../domain/errors.ts';

/** A connection that fell while `command` ran, or could not be started; `reason` is what the client knows about the end. */
export function connectionLost(target: string, command: string, reason: string): ConnectionLostError {
  return new ConnectionLostError({
    code: 'connection-lost',
    message:
      `The connection to ${target} was lost${reason === '' ? '' : ` (${reason})`} while this ran: ${excerpt(command)}. ` +
      'Whether it took effect is unknown.',
    hint: 'Run the same command again: it looks at what the host has before it does anything.',
    retryable: true,
  });
}

/** There is no connection, so the command was not even sent. */
export function notConnected(target: string, command: string, reason: string): ConnectionLostError {
  return new ConnectionLostError({
    code: 'not-connected',
    message: `There is no connection to ${target}${reason === '' ? '' : ` any more (${reason})`}; this was not run: ${excerpt(command)}`,
    hint: 'Run the same command again: it connects anew.',
    retryable: true,
  });
}

/** `ended` is false when the process on the host may go on. */
export function commandTimedOut(
  target: string,
  command: string,
  timeoutMs: number,
  ended: boolean,
): TimeoutError {
  return new TimeoutError({
    code: 'command-timeout',
    message: `A command on ${target} took longer than ${timeoutMs / 1000} s and was ${ended ? 'ended' : 'given up; it may still be running'}: ${excerpt(command)}`,
    hint: 'Look at what keeps the host busy (`top`, `dmesg`), then run the same command again.',
    retryable: true,
  });
}

/** The same for a stop on request. */
export function commandCancelled(target: string, ended: boolean): CancelledError {
  return ended
    ? new CancelledError()
    : new CancelledError(
        `Stopped on request. What ran on ${target} could not be ended and may still be running.`,
      );
}

/** The first words of a command, for messages. */
export function excerpt(command: string): string {
  const line = command.trim().split('\n', 1)[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
