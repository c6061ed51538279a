import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactError, CancelledError, Rke2ctlError } from '../domain/errors.ts';
import { artifactFileUrl } from '../rke2/artifact-url.ts';
import type { ReleaseFile } from './release-file.ts';
import { fullUrl, loginHeaders } from './url-access.ts';
import { urlUnreachable, urlUnusable } from './url-errors.ts';
import type { UrlRelease } from './url-inventory.ts';

/** Without a byte for so long the connection counts as dead. */
const STALL_MS = 30_000;
/** Files of a release that nobody has asked for in so long go. */
const KEPT_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * Fetches a file of a release to where it lies on this machine (`file.path`, named by its SHA-256, by which it is verified),
 * for nodes that cannot fetch it themselves; goes on with what an earlier try left. ArtifactError when it cannot be had.
 */
export async function obtainReleaseFile(
  release: UrlRelease,
  file: ReleaseFile,
  signal: AbortSignal = release.signal,
): Promise<void> {
  if (await isThere(file)) return;
  await mkdir(release.folder, { recursive: true, mode: 0o700 });
  await prune(release.folder);
  const part = `${file.path}.part`;
  const shown = artifactFileUrl(release.access.base, file.name);
  try {
    const hash = await download(release, file, part, signal);
    if (hash !== file.sha256) {
      await rm(part, { force: true });
      throw damaged(shown, file.sha256 ?? '');
    }
    await rename(part, file.path);
  } catch (error) {
    if (error instanceof Rke2ctlError) throw error;
    if (signal.aborted) throw new CancelledError();
    throw isOfDisk(error) ? unwritable(release.folder, error) : urlUnreachable(shown, error, release.env);
  }
}

/** Its name is its hash, and it gets it only once that was compared. */
async function isThere({ path, sizeBytes }: ReleaseFile): Promise<boolean> {
  const stats = await stat(path).catch(() => null);
  if (stats?.size !== sizeBytes) return false;
  await utimes(path, new Date(), new Date()).catch(() => undefined);
  return true;
}

async function download(
  release: UrlRelease,
  file: ReleaseFile,
  part: string,
  signal: AbortSignal,
): Promise<string> {
  const { access } = release;
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  try {
    const there = (await stat(part).catch(() => null))?.size ?? 0;
    const response = await fetch(fullUrl(access, file.name), {
      headers: {
        'accept-encoding': 'identity',
        ...loginHeaders(access),
        ...(there > 0 && { range: `bytes=${there}-` }),
      },
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (response.status === 416) {
      await rm(part, { force: true });
      return await download(release, file, part, signal);
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw urlUnusable(artifactFileUrl(access.base, file.name), `answers ${response.status}`);
    }
    const resumes = response.status === 206;
    const hash = createHash('sha256');
    if (resumes) for await (const chunk of createReadStream(part)) hash.update(chunk as Buffer);
    const target = await open(part, resumes ? 'a' : 'w', 0o600);
    try {
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), STALL_MS);
        hash.update(chunk);
        await target.write(chunk);
      }
      await target.sync();
    } finally {
      await target.close();
    }
    return hash.digest('hex');
  } finally {
    clearTimeout(timer);
  }
}

async function prune(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => null);
    if (stats !== null && Date.now() - stats.mtimeMs > KEPT_MS) await rm(path, { force: true });
  }
}

function isOfDisk(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && /^(open|write|mkdir|rename)$/.test(String(error.syscall))
  );
}

function unwritable(folder: string, error: unknown): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-cache-unwritable',
    message: `Nodes cannot fetch the release’s files themselves, and here they cannot be kept in ${folder}: ${error instanceof Error ? error.message : String(error)}.`,
    hint: 'Make room there, or set XDG_CACHE_HOME to a directory that has it.',
    cause: error,
  });
}

function damaged(url: string, hash: string): ArtifactError {
  return new ArtifactError({
    code: 'artifacts-url-damaged',
    message: `What came from ${url} does not have the SHA-256 ${hash} that the release's list of checksums names, and was thrown away.`,
    hint: 'See what is served there: a proxy or cache on the way may give another file, or the file and its list are of two releases. Then run the same command again.',
    retryable: true,
  });
}
