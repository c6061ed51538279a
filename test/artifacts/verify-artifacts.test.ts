import { mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, type FileCache, openFileCache } from '../../src/artifacts/file-cache.ts';
import type { ReleaseFile } from '../../src/artifacts/release-file.ts';
import { verifyArtifacts } from '../../src/artifacts/verify-artifacts.ts';
import { sumOf } from './release-directory.ts';

const SUMS = 'sha256sum-amd64.txt';
let folder = '';
let cache: FileCache;

/** A cache that looks at files a minute after they were written; younger ones it would distrust. */
function laterCache(name: string): FileCache {
  return openFileCache(join(folder, name), () => Date.now() + 60_000);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-'));
  cache = laterCache('cache');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(
  name: string,
  content: string,
  sha256: string | null = sumOf(content),
): Promise<ReleaseFile> {
  const path = join(folder, name);
  await writeFile(path, content);
  return { name, path, sizeBytes: content.length, sha256 };
}

/** How many bytes a verification really reads. */
async function bytesRead(files: readonly ReleaseFile[], used: FileCache = cache): Promise<number> {
  let bytes = 0;
  await verifyArtifacts(files, SUMS, {
    cache: used,
    onBytes: (count) => {
      bytes += count;
    },
  });
  return bytes;
}

describe('verifyArtifacts', () => {
  it('gives name, hash and size of every file, in their order', async () => {
    const files = [await file('b', 'second'), await file('a', 'first'), await file('c', '')];
    expect(await verifyArtifacts(files, SUMS, { cache })).toEqual([
      { name: 'b', sha256: sumOf('second'), sizeBytes: 6 },
      { name: 'a', sha256: sumOf('first'), sizeBytes: 5 },
      { name: 'c', sha256: sumOf(''), sizeBytes: 0 },
    ]);
    expect(await verifyArtifacts([], SUMS, { cache })).toEqual([]);
  });

  it('names every damaged file with expected and actual', async () => {
    const files = [
      await file('good', 'x'),
      await file('b', 'x', sumOf('y')),
      await file('a', 'z', sumOf('y')),
    ];
    const error: unknown = await verifyArtifacts(files, SUMS, { cache }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'artifacts-damaged', hint: expect.stringContaining('Download') });
    const { message } = error as Error;
    expect(message).toContain(`a: expected ${sumOf('y')}, it is ${sumOf('z')}`);
    expect(message).toContain(`b: expected ${sumOf('y')}, it is ${sumOf('x')}`);
    expect(message).not.toContain('good');
  });

  it('takes no file that the checksum file does not know, and reads none for it', async () => {
    const files = [await file('extra', 'x', null)];
    let read = 0;
    const verifying = verifyArtifacts(files, SUMS, { cache, onBytes: (count) => (read += count) });
    await expect(verifying).rejects.toMatchObject({
      code: 'artifacts-damaged',
      message: expect.stringContaining(`extra: ${SUMS} has no line for it`),
    });
    expect(read).toBe(0);
  });

  it('says when a file is gone, or is a directory', async () => {
    const gone = await file('gone', 'x');
    await rm(gone.path);
    await expect(verifyArtifacts([gone], SUMS, { cache })).rejects.toMatchObject({
      code: 'artifacts-unreadable',
      message: expect.stringContaining('gone'),
    });
    const directory = { ...gone, path: folder };
    await expect(verifyArtifacts([directory], SUMS, { cache })).rejects.toMatchObject({
      code: 'artifacts-unreadable',
    });
  });

  it('notices a file that is still being written', async () => {
    const large = await file('large', 'x'.repeat(8 * 2 ** 20));
    const verifying = verifyArtifacts([large], SUMS, {
      cache,
      onBytes: () => void writeFile(large.path, 'more', { flag: 'a' }),
    });
    await expect(verifying).rejects.toMatchObject({ code: 'artifacts-changing', retryable: true });
  });

  it('can be stopped', async () => {
    const large = await file('large', '');
    await truncate(large.path, 4 * 2 ** 30);
    const controller = new AbortController();
    const verifying = verifyArtifacts([large], SUMS, {
      cache,
      signal: controller.signal,
      onBytes: () => controller.abort(),
    });
    await expect(verifying).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('the cache of hashes', () => {
  it('spares the next run the reading, over processes', async () => {
    const files = [await file('a', 'first'), await file('b', 'second')];
    expect(await bytesRead(files)).toBe(11);
    expect(await bytesRead(files)).toBe(0);
    expect(await bytesRead(files, laterCache('cache'))).toBe(0);
    expect((await stat(join(folder, 'cache', 'artifacts.json'))).mode & 0o777).toBe(0o600);
  });

  it('reads a file again that was changed, even with its old size and time', async () => {
    const one = await file('a', 'first');
    await bytesRead([one]);
    const { atime, mtime } = await stat(one.path);
    await writeFile(one.path, 'FIRST');
    await utimes(one.path, atime, mtime);
    await expect(verifyArtifacts([one], SUMS, { cache })).rejects.toMatchObject({
      code: 'artifacts-damaged',
    });
  });

  it('reads a file again that took the place of the one it knew', async () => {
    const one = await file('a', 'first');
    await bytesRead([one]);
    await rm(one.path);
    await file('a', 'other');
    await expect(verifyArtifacts([one], SUMS, { cache })).rejects.toMatchObject({
      code: 'artifacts-damaged',
    });
  });

  it('compares a remembered hash with the checksum file of today', async () => {
    const one = await file('a', 'first');
    await bytesRead([one]);
    const other = { ...one, sha256: sumOf('other') };
    await expect(verifyArtifacts([other], SUMS, { cache })).rejects.toMatchObject({
      code: 'artifacts-damaged',
    });
  });

  it('remembers nothing of a file so young that it could change unseen', async () => {
    const one = await file('a', 'first');
    const strict = openFileCache(join(folder, 'cache'));
    await bytesRead([one], strict);
    expect(await bytesRead([one], strict)).toBe(5);
  });

  it.each(['', '{"half', '[]', '{"schemaVersion": 2, "files": {}}'])(
    'starts anew from %j',
    async (content) => {
      const one = await file('a', 'first');
      await bytesRead([one]);
      const place = join(folder, 'damaged');
      await writeFile(place, '');
      const path = join(folder, 'cache', 'artifacts.json');
      await bytesRead([one]);
      await writeFile(path, content);
      expect(await bytesRead([one])).toBe(5);
      expect(await bytesRead([one])).toBe(0);
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ schemaVersion: 1 });
    },
  );

  it('only costs time where it cannot be written', async () => {
    await writeFile(join(folder, 'in-the-way'), '');
    const one = await file('a', 'first');
    expect(await bytesRead([one], laterCache('in-the-way'))).toBe(5);
  });

  it('lies where XDG says, else in ~/.cache', () => {
    expect(cacheFolder({}, '/home/ops')).toBe('/home/ops/.cache/rke2ctl');
    expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/ops' }, '/home/ops')).toBe('/var/cache/ops/rke2ctl');
  });
});
