import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CancelledError, Rke2ctlError } from '../domain/errors.ts';
import type { ArtifactRef } from '../domain/marker.ts';
import { artifactsDamaged, artifactUnreadable, type BadArtifact } from './artifact-errors.ts';
import type { FileCache } from './file-cache.ts';
import type { ReleaseFile } from './release-file.ts';

/** Hashing is as fast as one core; more streams than this only fight over the disk. */
const STREAMS = 2;

export interface VerifyOptions {
  readonly cache: FileCache;
  readonly signal?: AbortSignal;
  /** Told of every piece that is really read, with its length; nothing for what the cache knows. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Compares the chosen files, and no others, with the checksum file of their release, before anything is sent. ArtifactError
 * names every file that differs or that the checksum file does not know. `checksumFile` is its name, for messages.
 */
export async function verifyArtifacts(
  files: readonly ReleaseFile[],
  checksumFile: string,
  options: VerifyOptions,
): Promise<readonly ArtifactRef[]> {
  const queue = [...files.entries()];
  const refs: ArtifactRef[] = [];
  const bad: BadArtifact[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, file] = next;
      const actual = file.sha256 === null ? null : await hashFile(file.path, options);
      if (actual === null || actual !== file.sha256) {
        bad.push({ name: file.name, expected: file.sha256, actual });
      } else {
        refs[index] = { name: file.name, sha256: actual, sizeBytes: file.sizeBytes };
      }
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, work));
  const [first] = files;
  if (bad.length === 0 || first === undefined) return refs;
  bad.sort((a, b) => (a.name < b.name ? -1 : 1));
  throw artifactsDamaged(dirname(first.path), checksumFile, bad);
}

/** SHA-256 of a file in lower-case hex, from the cache if it is the same file still. */
async function hashFile(path: string, options: VerifyOptions): Promise<string> {
  try {
    return await options.cache.recall(path, 'sha256', () => readHash(path, options));
  } catch (error) {
    if (options.signal?.aborted === true) throw new CancelledError();
    throw error instanceof Rke2ctlError ? error : artifactUnreadable(path, error);
  }
}

async function readHash(path: string, { signal, onBytes }: VerifyOptions): Promise<string> {
  const hash = createHash('sha256');
  const source = createReadStream(path, { highWaterMark: 2 ** 20 });
  const feed = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      onBytes?.(chunk.length);
    }
  };
  await pipeline(source, feed, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}
