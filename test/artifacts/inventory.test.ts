import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileCache, openFileCache } from '../../src/artifacts/file-cache.ts';
import { readInventory } from '../../src/artifacts/inventory.ts';
import { findTarballVersion } from '../../src/artifacts/tarball-version.ts';
import { versionOfImageList } from '../../src/rke2/image-list.ts';
import { makeRelease } from '../standin/make-release.ts';
import { makeDirectory } from './release-directory.ts';

let folder = '';
let cache: FileCache;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inventory-'));
  cache = openFileCache(join(folder, 'cache'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const TARBALL = 'rke2.linux-amd64.tar.gz';

describe('readInventory', () => {
  it('reads a whole release of two architectures', async () => {
    const directory = join(folder, 'release');
    await makeRelease({ directory, version: 'v1.36.4+rke2r1', arch: 'amd64' });
    await makeRelease({ directory, version: 'v1.36.4+rke2r1', arch: 'arm64' });
    const inventory = await readInventory(directory, cache);
    expect(Object.keys(inventory.archs).sort()).toEqual(['amd64', 'arm64']);
    for (const arch of ['amd64', 'arm64']) {
      const own = inventory.archs[arch];
      expect(own).toMatchObject({ arch, version: 'v1.36.4+rke2r1', checksumFile: `sha256sum-${arch}.txt` });
      expect(Object.keys(own?.files ?? {})).toContain(`rke2-images-ingress-nginx.linux-${arch}.tar.zst`);
      expect(own?.files[`rke2.linux-${arch}.tar.gz`]?.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(own?.files ?? {}).every((name) => name.includes(arch))).toBe(true);
    }
  });

  it('finds the version without any list, out of the tarball', async () => {
    const directory = await makeDirectory(folder, {
      [TARBALL]: gzipSync('ELF\0\0v1.35.7+rke2r2\0\0rancher/rke2-runtime:v1.35.7-rke2r2\0'),
      'rke2-images.linux-amd64.tar.zst': 'images',
    });
    expect((await readInventory(directory, cache)).archs['amd64']?.version).toBe('v1.35.7+rke2r2');
  });

  it('believes no list that the checksum file does not vouch for', async () => {
    const directory = await makeDirectory(folder, { [TARBALL]: gzipSync('\0v1.35.7+rke2r1\0') });
    await writeFile(
      join(directory, 'rke2-images.linux-amd64.txt'),
      'docker.io/rancher/rke2-runtime:v1.36.4-rke2r1\n',
    );
    expect((await readInventory(directory, cache)).archs['amd64']?.version).toBe('v1.35.7+rke2r1');
  });

  it('names the damaged tarball before it reads a version out of it', async () => {
    const directory = await makeDirectory(folder, { [TARBALL]: gzipSync('\0v1.35.7+rke2r1\0') });
    await appendFile(join(directory, TARBALL), 'x');
    await expect(readInventory(directory, cache)).rejects.toMatchObject({
      code: 'artifacts-damaged',
      message: expect.stringContaining(TARBALL),
    });
  });

  it('leaves the version open when nothing tells it', async () => {
    const silent = await makeDirectory(folder, { [TARBALL]: gzipSync('nothing') });
    expect((await readInventory(silent, cache)).archs['amd64']?.version).toBeNull();
    await rm(join(silent, 'sha256sum-amd64.txt'));
    const inventory = await readInventory(silent, cache);
    expect(inventory.archs['amd64']).toMatchObject({ version: null, checksumFile: null });
  });

  it('leaves out what is not of a release, and directories under a release’s names', async () => {
    const directory = await makeDirectory(folder, {
      [TARBALL]: gzipSync(''),
      'notes.txt': '',
      'rke2.windows-amd64.tar.gz': '',
    });
    await mkdir(join(directory, 'rke2-images.linux-amd64.tar.zst'));
    expect(Object.keys((await readInventory(directory, cache)).archs['amd64']?.files ?? {})).toEqual([
      TARBALL,
    ]);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['is not there', async () => join(folder, 'none'), /there is no such directory/],
    ['is a file', async () => join(await makeDirectory(folder, { x: '' }), 'x'), /not a directory/],
    ['is empty', async () => await mkdtemp(join(folder, 'e-')), /holds no file of an RKE2 release/],
  ])('says when the directory %s', async (_name, make, message) => {
    await expect(readInventory(await make(), cache)).rejects.toMatchObject({
      code: 'artifacts-unusable',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('install.artifacts'),
    });
  });

  it('recognises an error page that was saved as checksum file', async () => {
    const directory = await makeDirectory(folder, { [TARBALL]: gzipSync('') });
    await writeFile(join(directory, 'sha256sum-amd64.txt'), '<html>Sign in</html>');
    await expect(readInventory(directory, cache)).rejects.toMatchObject({
      code: 'artifacts-checksums-unusable',
      hint: expect.stringContaining('error page'),
    });
  });

  it('refuses two different checksums for one file', async () => {
    const directory = await makeDirectory(folder, { [TARBALL]: gzipSync('') });
    await appendFile(join(directory, 'sha256sum-amd64.txt'), `${'0'.repeat(64)} *${TARBALL}\r\n`);
    await expect(readInventory(directory, cache)).rejects.toThrow(/two different lines for rke2\.linux/);
  });
});

describe('findTarballVersion', () => {
  const read = async (content: Buffer): Promise<string | null> => {
    const path = join(folder, 'x.tar.gz');
    await writeFile(path, gzipSync(content, { level: 1 }));
    return await findTarballVersion(path);
  };

  it('finds it wherever it lies, also across the borders of the pieces that are read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -40, max: 40 }),
        fc.integer({ min: 0, max: 3 }),
        async (shift, piece) => {
          const before = Math.max(0, piece * 2 ** 18 + shift);
          const content = Buffer.alloc(before + 14 + 100_000);
          content.write('v1.36.4+rke2r1', before);
          expect(await read(content)).toBe('v1.36.4+rke2r1');
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each<[string, string | null]>([
    ['\0v1.24.3-rc1+rke2r12\0', 'v1.24.3-rc1+rke2r12'],
    ['-X version.Version=v1.36.4+rke2r1 -X a.B=rancher/rke2-runtime:v1.36.4-rke2r1"', 'v1.36.4+rke2r1'],
    ['\0v1.36.4+rke2r1\0 and again "v1.36.4+rke2r1"', 'v1.36.4+rke2r1'],
    ['\0v1.36.4+rke2r1\0v1.35.7+rke2r1\0', null],
    ['\0v1.36.4+rke2r1abc', null],
    ['xv1.36.4+rke2r1\0', null],
    ['\0v1.36.4+rke2r\0', null],
    ['', null],
  ])('%j → %s', async (content, version) => {
    expect(await read(Buffer.from(content))).toBe(version);
  });

  it('goes through 100 MB in a few seconds', async () => {
    const content = Buffer.concat([
      randomBytes(2 ** 20),
      Buffer.alloc(100 * 2 ** 20, 'code '),
      Buffer.from('\0v1.36.4+rke2r1\0'),
    ]);
    const path = join(folder, 'large.tar.gz');
    await writeFile(path, gzipSync(content, { level: 1 }));
    const started = performance.now();
    expect(await findTarballVersion(path)).toBe('v1.36.4+rke2r1');
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('versionOfImageList', () => {
  it.each([
    ['docker.io/rancher/pause:3.9\ndocker.io/rancher/rke2-runtime:v1.35.7-rke2r1\n', 'v1.35.7+rke2r1'],
    ['registry.example:5000/x/rke2-runtime:v1.24.3-rc1-rke2r2', 'v1.24.3-rc1+rke2r2'],
    ['rke2-runtime:v1.35.7-rke2r1\r\n', 'v1.35.7+rke2r1'],
    ['docker.io/rancher/not-rke2-runtime:v1.35.7-rke2r1', null],
    ['docker.io/rancher/rke2-runtime:latest', null],
    ['docker.io/rancher/mirrored-cilium-cilium:v1.19.6', null],
    ['', null],
  ])('%j → %s', (text, version) => {
    expect(versionOfImageList(text)).toBe(version);
  });
});
