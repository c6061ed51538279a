import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';

const BUNDLE = 'rke2-images.linux-amd64.tar.zst';
const SUMS = 'sha256sum-amd64.txt';
const OTHERS = ['rke2.linux-amd64.tar.gz', 'rke2-images.linux-amd64.txt'];

/** Makes a directory with the lab's release whose one image bundle is `bytes` bigger; gives the bundle's SHA-256. */
export async function makeLargeRelease(lab: Lab, directory: string, bytes: number): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const file of OTHERS) await cp(join(lab.artifacts, file), join(directory, file));
  // A frame that those who read the archive skip, of bytes that nothing makes smaller.
  const frame = Buffer.alloc(8);
  frame.writeUInt32LE(0x184d2a50, 0);
  frame.writeUInt32LE(bytes, 4);
  const content = Buffer.concat([await readFile(join(lab.artifacts, BUNDLE)), frame, randomBytes(bytes)]);
  await writeFile(join(directory, BUNDLE), content);
  const hash = createHash('sha256').update(content).digest('hex');
  const sums = await readFile(join(lab.artifacts, SUMS), 'utf8');
  await writeFile(
    join(directory, SUMS),
    sums.replace(/^\S+(?= +rke2-images\.linux-amd64\.tar\.zst$)/m, hash),
  );
  return hash;
}
