import { RemoteCommandError, Rke2ctlError } from '../../domain/errors.ts';

/** What a shell gives for a program that is not there. */
const NOT_FOUND = 127;

/** Waits for what is asked of RKE2's own programs on a node; that they are not there is told in words instead of the shell's. */
export async function tellAbsence<T>(node: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof RemoteCommandError) || error.exitStatus !== NOT_FOUND) throw error;
    throw new Rke2ctlError({
      code: 'rke2-absent',
      message: `RKE2 is not there on ${node}.`,
      hint: '`rke2ctl up` brings it there; `rke2ctl status` shows what is where.',
      cause: error,
    });
  }
}
