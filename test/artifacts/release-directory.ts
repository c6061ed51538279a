import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 of a text, reckoned apart from the code under test. */
export function sumOf(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A directory below `parent` with these files and a checksum file that is right for them. */
export async function makeDirectory(
  parent: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<string> {
  const directory = await mkdtemp(join(parent, 'release-'));
  const lines = Object.entries(files).map(([name, content]) => `${sumOf(content)}  ${name}\n`);
  const all = { ...files, 'sha256sum-amd64.txt': lines.join('') };
  for (const [name, content] of Object.entries(all)) await writeFile(join(directory, name), content);
  return directory;
}
