import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Rke2ctlError } from '../../domain/errors.ts';

/** A text file of an archive; `path` is relative, with `/`. */
export interface ArchiveFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes a .tar.gz (0600) of text files that all lie below the folder `name`; gives its size in bytes. The files lie in a
 * folder of ours alone while the system's `tar` packs them. A file that is there is never written over.
 */
export async function writeArchive(
  path: string,
  name: string,
  files: readonly ArchiveFile[],
): Promise<number> {
  const archive = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw unwritable(path, error);
  });
  const folder = await mkdtemp(join(tmpdir(), 'rke2ctl-support-'));
  try {
    for (const file of files) {
      const place = join(folder, name, file.path);
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await writeFile(place, file.text, { mode: 0o600 });
    }
    const tar = spawn('tar', ['-czf', '-', '-C', folder, name], { stdio: ['ignore', archive.fd, 'pipe'] });
    let said = '';
    tar.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = await once(tar, 'close').catch((error: Error) => [error.message]);
    if (code !== 0) throw notPacked(path, said.trim() || String(code));
    return (await archive.stat()).size;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await archive.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function unwritable(path: string, error: NodeJS.ErrnoException): Rke2ctlError {
  return new Rke2ctlError({
    code: 'out-unwritable',
    message:
      error.code === 'EEXIST'
        ? `${path} is there already; it was left as it is.`
        : `${path} cannot be written: ${error.message}.`,
    hint: 'Name another file with `--out`.',
    exitCode: 3,
  });
}

function notPacked(path: string, why: string): Rke2ctlError {
  return new Rke2ctlError({
    code: 'not-packed',
    message: `${path} could not be packed by this machine's tar: ${why}.`,
    hint: 'See that tar and gzip are installed and that there is space in the folder for temporary files, then run the same command again.',
  });
}
