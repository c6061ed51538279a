import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FittedDraft } from '../../config/adopt/fit-draft.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import { removeLeftovers, writeAtomically } from '../../state/atomic-write.ts';
import { statePaths } from '../../state/state-paths.ts';

/**
 * Writes what cluster.yml names, then cluster.yml itself, 0600 all of them and each whole or not at all. A file that is
 * there and says the same is left; one that says something else stops it before the first is written, but for the
 * cluster.yml that was read (`original`), which is kept beside the new one.
 */
export async function writeClusterFiles(
  file: string,
  draft: FittedDraft,
  original: string | null,
): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const files = draft.files.map(({ path: place, content }) => ({
    path: path.resolve(folder, place),
    content,
  }));
  await refuseOthers(file, draft, original);
  for (const each of files) {
    await mkdir(path.dirname(each.path), { recursive: true, mode: 0o700 });
    await write(each.path, each.content);
  }
  if (original !== null && original !== draft.text) await keepOriginal(path.resolve(file), original);
  await write(path.resolve(file), draft.text);
}

/**
 * Beside the new file, under the first free name: after an adoption that was cut off here, what is read the next time may
 * be our own draft already, and the person's words are in the copy from before.
 */
async function keepOriginal(file: string, original: string): Promise<void> {
  for (let number = 1; ; number += 1) {
    const place = `${file}.rke2ctl-backup${number === 1 ? '' : `-${number}`}`;
    const present = await readFile(place, 'utf8').catch(() => null);
    if (present === null) return write(place, original);
    if (present === original) return;
  }
}

/** Before anything is asked or written: what must not be written over. */
export async function refuseOthers(file: string, draft: FittedDraft, original: string | null): Promise<void> {
  const folder = path.dirname(path.resolve(file));
  const wanted = [
    ...draft.files.map(({ path: place, content }) => ({ path: path.resolve(folder, place), content })),
    { path: path.resolve(file), content: draft.text },
  ];
  for (const { path: place, content } of wanted) {
    const present = await readFile(place, 'utf8').catch(() => null);
    if (present === null || present === content) continue;
    if (place === path.resolve(file) && present === original) continue;
    throw fileExists(place);
  }
}

/** A state beside the file is some cluster's, and it is managed already. */
export async function refuseState(file: string): Promise<void> {
  const { state } = statePaths(file);
  const isThere = await stat(state).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw new Rke2ctlError({
    code: 'adopt-state-present',
    message: `${state} is there: the cluster of ${file} is rke2ctl's already, and was left as it is.`,
    hint: `For that cluster go on with \`rke2ctl up -c ${file}\` (it also ends an adoption that was cut off); for another one name another file with \`--config FILE\`.`,
    exitCode: 3,
  });
}

/** What an adoption that was killed here left half-written, a secret perhaps, goes with it. */
async function write(place: string, content: string): Promise<void> {
  await removeLeftovers(place).catch(() => {});
  await writeAtomically(place, content).catch((error: unknown) => {
    throw new Rke2ctlError({
      code: 'file-unwritable',
      message: `${place} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Name a place where you may write with `--config FILE`.',
      exitCode: 3,
    });
  });
}

function fileExists(place: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'file-exists',
    message: `${place} is there already and says something else; it was left as it is, and so was everything else.`,
    hint: 'Name another file with `--config FILE`, or move that one away. Without `--hosts` the nodes of the cluster.yml that is there are adopted.',
    exitCode: 3,
  });
}
