import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRelease } from './make-release.ts';
import { imagesOf } from './release/images.ts';
import { readImageArchive } from './rke2/image-archive.ts';

let root: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'stand-in-'));
  await makeRelease({ directory: join(root, '35'), version: 'v1.35.7+rke2r1' });
  await makeRelease({ directory: join(root, '35-again'), version: 'v1.35.7+rke2r1' });
  await makeRelease({ directory: join(root, '36'), version: 'v1.36.4+rke2r1', arch: 'arm64' });
});

afterAll(() => rmSync(root, { recursive: true }));

const sum = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

test('every asset but the script is in the checksum file, with its sum', () => {
  const lines = readFileSync(join(root, '35/sha256sum-amd64.txt'), 'utf8').trim().split('\n');
  const listed = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const present = readdirSync(join(root, '35')).filter(
    (name) => name !== 'install.sh' && !name.startsWith('sha256sum'),
  );
  expect([...listed.keys()].sort()).toEqual(present.sort());
  for (const [name, expected] of listed) expect(sum(join(root, '35', name))).toBe(expected);
});

test('the same version gives the same bytes, another version others', () => {
  for (const name of readdirSync(join(root, '35'))) {
    expect(sum(join(root, '35', name)), name).toBe(sum(join(root, '35-again', name)));
  }
  expect(readFileSync(join(root, '36/rke2.linux-arm64'))).not.toEqual(
    readFileSync(join(root, '35/rke2.linux-amd64')),
  );
});

test('the tarball is the tree of a real one', () => {
  const listing = execFileSync('tar', ['tzf', join(root, '35/rke2.linux-amd64.tar.gz')])
    .toString()
    .trim()
    .split('\n');
  expect(listing.filter((path) => !path.endsWith('/'))).toEqual([
    'bin/rke2',
    'bin/rke2-killall.sh',
    'bin/rke2-uninstall.sh',
    'lib/systemd/system/rke2-server.service',
    'lib/systemd/system/rke2-server.env',
    'lib/systemd/system/rke2-agent.service',
    'lib/systemd/system/rke2-agent.env',
    'share/rke2/LICENSE.txt',
    'share/rke2/rke2-cis-sysctl.conf',
  ]);
});

test('a bundle holds the images of its list, whichever way it is packed', () => {
  for (const ending of ['tar.zst', 'tar.gz']) {
    const images = readImageArchive(join(root, `35/rke2-images-core.linux-amd64.${ending}`));
    expect(images).toContain('docker.io/rancher/rke2-runtime:v1.35.7-rke2r1');
    expect(images).toEqual(
      readFileSync(join(root, '35/rke2-images-core.linux-amd64.txt'), 'utf8').trim().split('\n'),
    );
  }
});

test('any zstd unpacks a bundle, and any tar reads it', () => {
  const bundle = join(root, '35/rke2-images.linux-amd64.tar.zst');
  const tar = execFileSync('zstd', ['-dcq', bundle], { maxBuffer: 2 ** 28 });
  expect(execFileSync('tar', ['-tf', '-'], { input: tar }).toString()).toContain('manifest.json');
});

test('the ingress of the version is in core, the other one a bundle of its own', () => {
  const names = (version: string): string[] =>
    readdirSync(join(root, version)).filter((name) => /traefik|nginx/.test(name) && name.endsWith('.zst'));
  expect(names('35')).toEqual(['rke2-images-traefik.linux-amd64.tar.zst']);
  expect(names('36')).toEqual(['rke2-images-ingress-nginx.linux-arm64.tar.zst']);
  expect(imagesOf('core', 'v1.36.4+rke2r1').some((image) => image.includes('traefik'))).toBe(true);
  expect(imagesOf('core', 'v1.35.7+rke2r1').some((image) => image.includes('nginx-ingress'))).toBe(true);
});

test('bundles can be left out', async () => {
  await makeRelease({ directory: join(root, 'few'), version: 'v1.35.7+rke2r1', bundles: ['core', 'cilium'] });
  const names = readdirSync(join(root, 'few')).filter(
    (name) => name.startsWith('rke2-images-') && name.endsWith('.zst'),
  );
  expect(names).toEqual(['rke2-images-cilium.linux-amd64.tar.zst', 'rke2-images-core.linux-amd64.tar.zst']);
});
