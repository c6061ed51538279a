import { chown, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Rke2ctlError } from '../../domain/errors.ts';
import { mergeKubeconfig } from '../../render/merge-kubeconfig.ts';
import { writeAtomically } from '../../state/atomic-write.ts';

export interface MergeFileOptions {
  readonly force: boolean;
  /** Whose a new file becomes; null = of whoever runs this. A file that is there keeps its owner. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

export interface MergedFile {
  readonly changed: boolean;
  /** Where the file as it was lies now; null when there was none, or nothing changed. */
  readonly backup: string | null;
}

/**
 * Puts a kubeconfig into the file, whole or not at all, 0600. kubectl and others take no lock that we could share: if
 * the file changes between our look and our write, nothing is written and the error says so. What is left is the instant
 * of the rename itself, and the copy beside the file.
 */
export async function mergeKubeconfigFile(
  path: string,
  addition: string,
  { force, owner }: MergeFileOptions,
): Promise<MergedFile> {
  const before = await readOrNull(path);
  const merged = mergeKubeconfig(before ?? '', addition, { force });
  if (merged.outcome === 'conflict') throw conflict(path);
  if (merged.outcome === 'unreadable') throw unreadable(path, merged.reason);
  if (merged.outcome === 'unchanged') return { changed: false, backup: null };
  const keeper = before === null ? owner : await stat(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const backup = before === null ? null : `${path}.rke2ctl-backup`;
  if (before !== null && backup !== null) await writeOwned(backup, before, keeper);
  if ((await readOrNull(path)) !== before) throw changedMeanwhile(path);
  await writeOwned(path, merged.text, keeper);
  return { changed: true, backup };
}

async function writeOwned(
  path: string,
  text: string,
  keeper: { readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  await writeAtomically(path, text);
  if (keeper !== null && process.getuid?.() === 0) await chown(path, keeper.uid, keeper.gid);
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unreadable(path, error instanceof Error ? error.message : String(error));
  }
}

function conflict(path: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'kubeconfig-conflict',
    message: `${path} already has an entry of this name, and it belongs to another cluster; the file was left as it is.`,
    hint: 'Choose another name with `--name NAME`, or replace that entry with `--force`.',
  });
}

function unreadable(path: string, reason: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'kubeconfig-unreadable',
    message: `${path} cannot be added to: ${reason}. It was left as it is.`,
    hint: 'Mend the file, name another one behind `--merge`, or take the kubeconfig alone with `--print`.',
  });
}

function changedMeanwhile(path: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'kubeconfig-changed',
    message: `${path} was changed by another program just now; nothing was written to it.`,
    hint: 'Run the same command again.',
    retryable: true,
  });
}
