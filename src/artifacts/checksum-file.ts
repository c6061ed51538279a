import { checksumsUnusable } from './artifact-errors.ts';

/**
 * `sha256sum-<arch>.txt` → SHA-256 in lower-case hex by file name. Takes what `sha256sum` prints, in text or binary
 * mode. ArtifactError when there is no checksum in it at all, or two different ones for a file. `path` is for messages.
 */
export function parseChecksumFile(text: string, path: string): Readonly<Record<string, string>> {
  const sums = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([0-9a-fA-F]{64}) [ *](?:.*\/)?([^/]+)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const [sum, name] = [match[1].toLowerCase(), match[2]];
    if ((sums.get(name) ?? sum) !== sum)
      throw checksumsUnusable(path, `it has two different lines for ${name}`);
    sums.set(name, sum);
  }
  if (sums.size === 0) throw checksumsUnusable(path, 'there is no checksum in it');
  return Object.fromEntries(sums);
}
