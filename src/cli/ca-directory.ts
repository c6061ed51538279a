import { chmod, chown, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Rke2ctlError } from '../domain/errors.ts';
import { CA_FILES, type CaTexts } from '../pki/read-own-cas.ts';
import type { Caller } from './cluster-source.ts';

/** The files of a directory of CAs that are there; none where there is no directory. */
export async function readCaDirectory(directory: string): Promise<CaTexts> {
  const texts = new Map<string, string>();
  for (const name of CA_FILES) {
    const text = await readIfThere(join(directory, name));
    if (text !== null) texts.set(name, text);
  }
  return texts;
}

/**
 * Writes files into a directory of CAs, keys first: a request without its key is worth nothing. Directories are made for
 * their owner alone (0700), files too (0600). A key or certificate that appeared meanwhile is an error and stays as it
 * is; a request is written over.
 */
export async function writeCaDirectory(
  directory: string,
  files: ReadonlyMap<string, string>,
  { owner }: Pick<Caller, 'owner'>,
): Promise<void> {
  const keysFirst = [...files].toSorted(
    ([a], [b]) => Number(b.endsWith('.key')) - Number(a.endsWith('.key')),
  );
  for (const [name, text] of keysFirst) {
    const path = join(directory, name);
    try {
      const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      if (made !== undefined && owner !== null) await chown(dirname(path), owner.uid, owner.gid);
      await writeNew(path, text, name.endsWith('.csr'));
      if (owner !== null) await chown(path, owner.uid, owner.gid);
    } catch (error) {
      throw unwritable(path, error);
    }
  }
}

async function writeNew(path: string, text: string, replace: boolean): Promise<void> {
  if (replace) await rm(path, { force: true });
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await chmod(path, 0o600);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Rke2ctlError({
      code: 'file-unreadable',
      message: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Name a directory of yours with `--cert-dir`.',
      exitCode: 3,
    });
  }
}

function unwritable(path: string, error: unknown): Rke2ctlError {
  const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
  return new Rke2ctlError({
    code: isThere ? 'file-exists' : 'file-unwritable',
    message: isThere
      ? `${path} appeared while it was to be made, and was left as it is.`
      : `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
    hint: isThere
      ? 'Run the same command again: it takes what is there.'
      : 'Name a directory where you may write with `--cert-dir`.',
    exitCode: isThere ? 1 : 3,
  });
}
