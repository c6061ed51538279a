import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** A piece of a file: bytes from `start` on, up to and without `end`. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
}

/** So much is sent again for a wrong byte; small enough for a bad link, and 500 MB have only 120 of them. */
export const MEND_BYTES = 4 * 1024 * 1024;

/**
 * Which chunks of the first `bytes` of a file here are not what somebody else has: `nextSum` tells the SHA-256 of each of
 * theirs in turn. Null when it stops telling.
 */
export async function findDamagedChunks(
  source: string,
  bytes: number,
  nextSum: () => Promise<string>,
): Promise<readonly Chunk[] | null> {
  const damaged: Chunk[] = [];
  for (let start = 0; start < bytes; start += MEND_BYTES) {
    const end = Math.min(start + MEND_BYTES, bytes);
    const [ours, theirs] = await Promise.all([hashOfChunk(source, { start, end }), nextSum()]);
    if (theirs === '') return null;
    if (ours !== theirs) damaged.push({ start, end });
  }
  return damaged;
}

/** How many bytes that is. */
export function sizeOfChunks(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { start, end }) => sum + end - start, 0);
}

async function hashOfChunk(source: string, { start, end }: Chunk): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(source, { start, end: end - 1, highWaterMark: MEND_BYTES })) {
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}
