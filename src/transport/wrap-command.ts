import { randomUUID } from 'node:crypto';
import { quoteWord } from '../lib/shell-quote.ts';

/** Linux takes no longer argument than this (MAX_ARG_STRLEN), and the login shell gets the line as one argument. */
const LONGEST_LINE = 131_071;

/** A command as it goes to the login shell of a host, and the token its markers carry on stdout. */
export interface WrappedCommand {
  readonly line: string;
  readonly token: string;
}

/**
 * Wraps a line for /bin/sh so that any login shell (bash, fish, csh, …) passes it on unharmed. The shell first tells its
 * process group, which sshd has made for it, in a marker line on stdout: whatever came before is noise of the login
 * shell's start-up files, and the number is how the command can be ended from a second channel. With `tellExit` the last
 * line of stdout is a marker with the exit code, for clients that cannot tell a lost connection from exit code 255.
 */
export function wrapCommand(command: string, options: { readonly tellExit: boolean }): WrappedCommand {
  // Node has a store of these; of random bytes it asks the kernel each time.
  const token = randomUUID().slice(-12);
  const tell = `echo ${markerPrefix(token)}`;
  const isPlain = !/[\\!\n\r]/.test(command);
  const take = isPlain ? 'c=$1; shift' : 'c=$(printf %b "$1"); shift';
  const run = options.tellExit ? `(eval "$c"); r=$?; ${tell}x$r; exit $r` : 'eval "$c"';
  const line = `exec /bin/sh -c -- ${quoteWord(`${tell}g$$; ${take}; ${run}`)} sh ${quoteWord(isPlain ? command : escapeOddCharacters(command))}`;
  if (Buffer.byteLength(line) > LONGEST_LINE) {
    throw new RangeError(
      `A command of ${command.length} characters is too long for a host; data belongs on stdin.`,
    );
  }
  return { line, token };
}

/** What every marker of a command starts with. */
export function markerPrefix(token: string): string {
  return `rke2ctl:${token}:`;
}

/**
 * Fish reads backslashes inside single quotes, csh ends a line at a newline and expands `!` even there: those go as
 * octal escapes for printf's %b, which all of them leave alone.
 */
function escapeOddCharacters(text: string): string {
  return text.replace(/[\\!\n\r]/g, (it) => `\\0${it.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * A line for /bin/sh that ends a process group: SIGTERM, five seconds of patience, SIGKILL. Exit code 0 when nothing
 * of it is left. dash wants `--` before a negative number, busybox takes none.
 */
export function killGroupCommand(group: number): string {
  return (
    `g() { kill -s "$1" -- -${group} 2>/dev/null || kill -s "$1" -${group} 2>/dev/null; }; ` +
    `g TERM || kill -s TERM ${group} 2>/dev/null || exit 1; i=0; ` +
    'while g 0; do i=$((i+1)); if [ $i -gt 50 ]; then g KILL; exit; fi; sleep 0.1 || sleep 1; done; exit 0'
  );
}
