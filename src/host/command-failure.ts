import { RemoteCommandError } from '../domain/errors.ts';

const LAST_LINES = 5;

/** The error for a script that ran and ended with another code than 0; its last words are in the message. */
export function commandFailure(
  target: string,
  what: string,
  exitCode: number,
  stderr: string,
): RemoteCommandError {
  const words = lastLines(stderr, LAST_LINES);
  const tail = words.length === 0 ? ', and it said nothing' : `:\n  ${words.join('\n  ')}`;
  return new RemoteCommandError({
    code: 'remote-command-failed',
    message: `${what} failed on ${target} with exit code ${exitCode}${tail}`,
    hint: 'Mend what the host complains of, then run the same command again: it continues where this run stopped.',
    exitStatus: exitCode,
    stderr,
  });
}

/** The last `count` lines that hold something. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-count);
}
