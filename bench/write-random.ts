import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Fills a file with what no compression makes smaller; gives its SHA-256. */
export async function writeRandom(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    for (let left = bytes; left > 0; ) {
      const block = randomBytes(Math.min(left, 1 << 20));
      hash.update(block);
      await file.write(block);
      left -= block.length;
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
