import { type FileHandle, open, readdir, realpath, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

let count = 0;

/** Gives a file that is whole, and 0600, but not in its place yet to those who are to have it. */
export type HandOver = (handle: FileHandle) => Promise<void>;

/**
 * Replaces a file whole or not at all, 0600 whatever it was before unless `handOver` says otherwise: temporary file in the
 * same folder, fsync, rename, fsync of the folder. A symbolic link is followed, and stays. Rejects with the system's error;
 * the old file is then untouched and no temporary file is left.
 */
export async function writeAtomically(
  path: string,
  text: string,
  handOver: HandOver = async () => undefined,
): Promise<void> {
  const target = await followLink(path);
  count += 1;
  const temporary = `${target}.${process.pid}-${count}.tmp`;
  try {
    await writeDurably(temporary, text, handOver);
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/** What a killed process left half-written beside the file. Only files of processes that no longer exist are taken. */
export async function removeLeftovers(path: string): Promise<void> {
  const target = await followLink(path);
  await removeDrafts(dirname(target), (name) => name === basename(target));
}

/** The same of every file in a folder, which must be one of ours alone. */
export async function removeAllLeftovers(folder: string): Promise<void> {
  await removeDrafts(folder, () => true);
}

async function removeDrafts(folder: string, isMeant: (name: string) => boolean): Promise<void> {
  for (const draft of await readdir(folder)) {
    const [, name = '', pid] = /^(.+)\.(\d+)-\d+\.tmp$/.exec(draft) ?? [];
    if (pid === undefined || !isMeant(name) || isRunning(Number(pid))) continue;
    await unlink(join(folder, draft)).catch(() => {});
  }
}

/** Makes renames, links and removals in a folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeDurably(path: string, text: string, handOver: HandOver): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    // The umask can only take bits away, so this is for odd ones such as 0777.
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handOver(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function followLink(path: string): Promise<string> {
  return await realpath(path).catch(() => path);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
