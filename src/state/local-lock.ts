import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LockedError, StateError } from '../domain/errors.ts';
import { quoteWord } from '../lib/shell-quote.ts';
import { describeHolder, type LockHolder, parseHolder } from './lock-holder.ts';
import { judgeHolder, readProcessIdentity } from './process-identity.ts';

/** The cluster's lock on the operator's machine, held until it is released or the process is gone. */
export interface LocalLock {
  /** Gives the lock up; a second time does nothing. */
  release(): Promise<void>;
}

/** Who asks for the lock and what for; `since` in milliseconds since the epoch. */
export interface LockRequest {
  readonly user: string;
  /** Command as it may be shown, without arguments that could be secret: `up`. */
  readonly command: string;
  readonly since: number;
}

/**
 * Takes the lock file at `path`, or rejects with LockedError that names the holder. A holder that can be proven dead
 * (same machine, and its process is gone, is another one by now, or was before the last boot) is replaced; whoever
 * cannot be proven dead is not. StateError when the file cannot be made.
 */
export async function acquireLocalLock(path: string, request: LockRequest): Promise<LocalLock> {
  const holder: LockHolder = {
    ...(await readProcessIdentity()),
    nonce: randomBytes(16).toString('hex'),
    user: request.user,
    command: request.command,
    since: new Date(request.since).toISOString(),
  };
  try {
    await take(path, path, holder);
    await removeLeftovers(path);
  } catch (error) {
    if (error instanceof LockedError) throw error;
    throw lockUnusable(path, error);
  }
  let isHeld = true;
  return {
    async release() {
      if (!isHeld) return;
      isHeld = false;
      // Somebody who was told to may have removed it by hand, and a third may hold it now.
      if (parseHolder(await readOrEmpty(path))?.nonce === holder.nonce) await unlink(path);
    },
  };
}

/**
 * Makes `file` ours: created if it is not there, else taken over from a dead holder. Taking over needs a lock of its own
 * or two takers could each remove the other's; that lock is named after the dead holder's nonce, which never comes
 * again, and is taken in this same way, so a taker that dies in the middle is taken over too. Only its owner may
 * replace a file that still shows that nonce.
 */
async function take(path: string, file: string, holder: LockHolder): Promise<void> {
  for (;;) {
    if (await createWhole(file, holder)) return;
    const text = await readOrEmpty(file);
    if (text === null) continue;
    const found = parseHolder(text);
    if (found === null) throw unreadableLock(path, file);
    const judgement = await judgeHolder(found);
    if (judgement !== 'dead') throw lockedBy(path, found, judgement);
    const succession = `${path}.${found.nonce}`;
    await take(path, succession, holder);
    if (parseHolder(await readOrEmpty(file))?.nonce === found.nonce) {
      await rename(succession, file);
      return;
    }
    // Another taker was through before we began; what we hold is of no use any more.
    await unlink(succession).catch(() => {});
  }
}

/** False when `file` is there already. It appears with its whole content or not at all. */
async function createWhole(file: string, holder: LockHolder): Promise<boolean> {
  const draft = `${file}.${holder.nonce}.new`;
  try {
    await writeFile(draft, toText(holder), { flag: 'wx', mode: 0o644 });
    await link(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    // Some network and FAT file systems have no hard links. An exclusive open is the next best.
    if (hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return await createByOpen(file, holder);
    throw error;
  } finally {
    await unlink(draft).catch(() => {});
  }
}

async function createByOpen(file: string, holder: LockHolder): Promise<boolean> {
  try {
    await writeFile(file, toText(holder), { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    await unlink(file).catch(() => {});
    throw error;
  }
}

/**
 * Files that a taker left when it was killed between two system calls. As the lock is ours now, no other taker can come
 * to hold it through one of them; a minute is left to those who still have to find that out.
 */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/^[0-9a-f.]{32,}(?:\.new)?$/.test(name.slice(prefix.length))) continue;
    const leftover = join(folder, name);
    const stats = await stat(leftover).catch(() => null);
    if (stats !== null && Date.now() - stats.mtimeMs > 60_000) await unlink(leftover).catch(() => {});
  }
}

async function readOrEmpty(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function toText(holder: LockHolder): string {
  return `${JSON.stringify(holder, null, 2)}\n`;
}

function lockedBy(path: string, holder: LockHolder, judgement: 'alive' | 'unknown'): LockedError {
  const message = `This cluster is locked by ${describeHolder(holder)}.`;
  if (judgement === 'alive') {
    return new LockedError(
      message,
      'Wait until that run has ended (or stop it with Ctrl-C where it runs), then run the command again.',
    );
  }
  return new LockedError(
    message,
    `Whether that run is still alive cannot be seen from here. Look on ${holder.host}; only if it is gone for certain: rm ${quoteWord(path)}`,
  );
}

function unreadableLock(path: string, file: string): LockedError {
  return new LockedError(
    `The lock ${file} says nothing about its holder: it is damaged, or another version wrote it.`,
    `Make sure that no rke2ctl works on this cluster, then: rm ${quoteWord(file)}${file === path ? '' : ` ${quoteWord(path)}`}`,
  );
}

function lockUnusable(path: string, cause: unknown): StateError {
  return new StateError({
    code: 'lock-unusable',
    message: `The lock ${path} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}.`,
    hint: 'rke2ctl needs to write in the folder of cluster.yml: give yourself write access there, or make room on that disk.',
    cause,
  });
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
