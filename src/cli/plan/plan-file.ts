import { readFile } from 'node:fs/promises';
import { Rke2ctlError } from '../../domain/errors.ts';
import { decodeSavedPlan, encodeSavedPlan, isSavedPlan, type SavedPlan } from '../../plan/saved-plan.ts';
import { writeAtomically } from '../../state/atomic-write.ts';

/** Writes a plan for `apply` (0600), also over an earlier one, but over nothing else. */
export async function writePlanFile(path: string, saved: SavedPlan): Promise<void> {
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw unusable('written', path, error);
  });
  if (before !== null && before !== '' && !isSavedPlan(before)) throw occupied(path);
  await writeAtomically(path, encodeSavedPlan(saved)).catch((error: unknown) => {
    throw unusable('written', path, error);
  });
}

/** Throws Rke2ctlError when there is no plan that this rke2ctl can carry out. */
export async function readPlanFile(path: string): Promise<SavedPlan> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unusable('read', path, error);
  });
  return decodeSavedPlan(text, path);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

function occupied(path: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'plan-file-occupied',
    message: `${path} is there, and is no saved plan; it was left as it is.`,
    hint: 'Name another file with `--out`.',
    exitCode: 3,
  });
}

function unusable(verb: 'read' | 'written', path: string, error: unknown): Rke2ctlError {
  return new Rke2ctlError({
    code: verb === 'read' ? 'plan-unreadable' : 'plan-unwritable',
    message: `The saved plan ${path} cannot be ${verb}: ${error instanceof Error ? error.message : String(error)}.`,
    hint:
      verb === 'read'
        ? 'Name the file that `rke2ctl plan --out FILE` wrote.'
        : 'Name a file in a folder that you may write to.',
    exitCode: 3,
  });
}
