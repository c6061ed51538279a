import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const BLOCK = 512;
const ZSTD_MAGIC = 0xfd2fb528;

/** File name endings of image archives that RKE2 imports. */
export const ARCHIVE_EXTENSIONS = [
  '.tar',
  '.tar.gz',
  '.tgz',
  '.tar.zst',
  '.tzst',
  '.tar.bz2',
  '.tbz',
  '.tar.lz4',
];

/** The image references an archive holds, normalized (`docker.io/rancher/…`). */
export function readImageArchive(path: string): readonly string[] {
  const manifest = JSON.parse(readManifest(path)) as readonly { RepoTags?: readonly string[] | null }[];
  return manifest.flatMap((entry) => entry.RepoTags ?? []).map(normalizeImage);
}

/** Spells an image with its registry: `rancher/x:1` is `docker.io/rancher/x:1`. */
export function normalizeImage(image: string): string {
  const first = image.split('/')[0] ?? '';
  return /[.:]/.test(first) && image.includes('/')
    ? image.replace(/^index\.docker\.io\//, 'docker.io/')
    : `docker.io/${image}`;
}

function readManifest(path: string): string {
  if (/\.(tar\.bz2|tbz|tar\.lz4)$/.test(path)) {
    return execFileSync('tar', ['-xOf', path, '-a', 'manifest.json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }).toString();
  }
  const bytes = readFileSync(path);
  const tar = /\.(tar\.gz|tgz)$/.test(path)
    ? gunzipSync(bytes)
    : /\.(tar\.zst|tzst)$/.test(path)
      ? unzstd(bytes, path)
      : bytes;
  const manifest = findEntry(tar, 'manifest.json');
  if (manifest === undefined) throw new Error('no manifest.json found in archive');
  return manifest;
}

function findEntry(tar: Buffer, wanted: string): string | undefined {
  let offset = 0;
  while (offset + BLOCK <= tar.length) {
    const name = tar.toString('utf8', offset, offset + 100).replace(/\0.*$/s, '');
    if (name === '') break;
    const size = Number.parseInt(tar.toString('utf8', offset + 124, offset + 136), 8);
    if (!Number.isFinite(size) || offset + BLOCK + size > tar.length) throw new Error('unexpected EOF');
    if (name === wanted) return tar.toString('utf8', offset + BLOCK, offset + BLOCK + size);
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

/** Frames of stored blocks are read here, so that a host needs no zstd for the small bundles; others by zstd itself. */
function unzstd(bytes: Buffer, path: string): Buffer {
  return (
    readStoredFrame(bytes) ??
    execFileSync('zstd', ['-dc', path], { maxBuffer: 2 ** 31 - 1, stdio: ['ignore', 'pipe', 'pipe'] })
  );
}

function readStoredFrame(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 10 || bytes.readUInt32LE(0) !== ZSTD_MAGIC)
    throw new Error('invalid input: magic number mismatch');
  if (bytes[4] !== 0xa0) return undefined;
  const blocks: Buffer[] = [];
  let offset = 9;
  for (;;) {
    const header = bytes.readUIntLE(offset, 3);
    if (((header >> 1) & 3) !== 0) return undefined;
    const size = header >> 3;
    if (offset + 3 + size > bytes.length) throw new Error('unexpected EOF');
    blocks.push(bytes.subarray(offset + 3, offset + 3 + size));
    offset += 3 + size;
    if ((header & 1) === 1) return Buffer.concat(blocks);
  }
}
