import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { ArtifactError } from '../domain/errors.ts';
import type { SnapshotContent } from '../domain/snapshot.ts';
import {
  BOOTSTRAP_PREFIX,
  type BootstrapHit,
  judgeSnapshot,
  REVISION_BYTES,
  SNAPSHOT_HASH_BYTES,
  type SnapshotReading,
  TOKEN_ID_DIGITS,
} from '../rke2/snapshot-content.ts';

/** A snapshot on this machine, read from end to end. */
export interface LocalSnapshot {
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  readonly content: SnapshotContent;
}

/** Reads a snapshot on this machine, packed (`.zip`) or not. Rejects with ArtifactError when there is no such file. */
export async function readSnapshotFile(path: string): Promise<LocalSnapshot> {
  const { size, mtimeMs } = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  const reading = await readContent(path);
  return { sizeBytes: size, modifiedAt: Math.round(mtimeMs), content: judgeSnapshot(reading) };
}

async function readContent(path: string): Promise<SnapshotReading> {
  const unpacked = await openSnapshot(path).catch((error: unknown) => {
    if (error instanceof ArtifactError) throw error;
    return null;
  });
  if (unpacked === null) return NOTHING;
  try {
    return await scan(unpacked);
  } catch (error) {
    // A packed file that ends too early, or whose parts do not fit, is told by the unpacking.
    if (path.endsWith('.zip')) return NOTHING;
    throw unreadable(path, error);
  }
}

const NOTHING: SnapshotReading = { sizeBytes: null, hashes: null, hits: [], tags: [] };

/**
 * Writes what a packed snapshot holds into `target` (0600), which gets its name once all of it is there. RKE2 of 2026 does
 * not find packed ones that it is to restore from a path. Rejects with ArtifactError.
 */
export async function unpackSnapshot(path: string, target: string): Promise<void> {
  const part = `${target}.part`;
  try {
    const content = await openSnapshot(path);
    const file = await open(part, 'w', 0o600);
    await pipeline(content, file.createWriteStream({ flush: true }));
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error instanceof ArtifactError ? error : unreadable(path, error);
  }
}

/** The bytes of the database in it. */
async function openSnapshot(path: string): Promise<Readable> {
  if (!path.endsWith('.zip')) return createReadStream(path, { highWaterMark: 1024 * 1024 });
  const zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(path, { lazyEntries: true });
  const entry = await new Promise<yauzl.Entry>((resolve, reject) => {
    zip.once('entry', resolve);
    zip.once('error', reject);
    zip.once('end', () => reject(new Error('there is no file in it')));
    zip.readEntry();
  });
  return promisify<yauzl.Entry, Readable>(zip.openReadStream.bind(zip))(entry);
}

/** Bytes that are looked at again with the next ones, as what is looked for may lie across. */
const OVERLAP = 128;

const KEY = new RegExp(`${BOOTSTRAP_PREFIX}([0-9a-f]{${TOKEN_ID_DIGITS}})`, 'g');
const TAG = /(?::[\s\S]|kubeletVersion":")(v1\.\d+\.\d+(?:-rc\d+)?\+rke2r\d+)/g;

async function scan(bytes: Readable): Promise<SnapshotReading> {
  const hash = createHash('sha256');
  const hits: BootstrapHit[] = [];
  const tags = new Set<string>();
  let size = 0;
  let seen = -1;
  let tail: Buffer = Buffer.alloc(0);
  let before: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const window = Buffer.concat([before, chunk]);
    const text = window.toString('latin1');
    const start = size - before.length;
    for (const match of text.matchAll(KEY)) {
      const at = start + match.index;
      if (at <= seen) continue;
      seen = at;
      const revision = window.subarray(Math.max(0, match.index - REVISION_BYTES), match.index);
      hits.push({ tokenId: match[1] ?? '', before: Buffer.from(revision) });
    }
    for (const [, tag = ''] of text.matchAll(TAG)) tags.add(tag);
    const unhashed = Buffer.concat([tail, chunk]);
    const end = Math.max(0, unhashed.length - SNAPSHOT_HASH_BYTES);
    hash.update(unhashed.subarray(0, end));
    tail = unhashed.subarray(end);
    before = window.subarray(Math.max(0, window.length - OVERLAP));
    size += chunk.length;
  }
  return {
    sizeBytes: size,
    hashes: { computed: hash.digest('hex'), told: tail.toString('hex') },
    hits,
    tags: [...tags],
  };
}

function unreadable(path: string, cause: unknown): ArtifactError {
  return new ArtifactError({
    code: 'snapshot-unreadable',
    message: `The snapshot ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`,
    hint: 'Look at the path and at who may read it. `rke2ctl etcd snapshot-list` shows the snapshots of the cluster.',
    cause,
  });
}
