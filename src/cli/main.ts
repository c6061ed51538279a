import { createProgram } from './program/program.ts';

/** By then everything has been closed; what a host still holds open must not hold the shell. */
const LINGER_MS = 2_000;

process.once('beforeExit', giveUp);
void createProgram()
  .parseAsync(process.argv)
  .then(() => {
    process.off('beforeExit', giveUp);
    setTimeout(() => process.exit(), LINGER_MS).unref();
  });

/** Node ends when nothing is left to wait for, and that must not look like success while a command is in hand. */
function giveUp(): void {
  process.stderr.write(
    'error: rke2ctl ended before its work was done. This is a mistake in rke2ctl: run it again.\n',
  );
  process.exitCode = 1;
}
