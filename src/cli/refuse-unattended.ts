import { Rke2ctlError } from '../domain/errors.ts';

/** What a command that asks before it does something was told about that. */
export interface AskingFlags {
  readonly yes?: boolean;
  /** Nothing is done, so nothing is asked. */
  readonly plan?: boolean;
}

/**
 * Throws Rke2ctlError `no-terminal` (exit 3) where a question would come that nobody can answer: before the first host is
 * asked, as a night job that lacks a flag is to fail at once. `instead`: what may be done without an answer.
 */
export function refuseUnattended(command: string, { yes, plan }: AskingFlags, instead: string): void {
  if (yes === true || plan === true || process.stdin.isTTY === true) return;
  throw new Rke2ctlError({
    code: 'no-terminal',
    message: `\`rke2ctl ${command}\` asks before it does anything, and there is no terminal to answer on. Nothing was done.`,
    hint: `\`--yes\` answers for you. ${instead}`,
    exitCode: 3,
  });
}
