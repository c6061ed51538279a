import { sha256 } from '../lib/hash.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * What a service reads when it starts, as 16 hex digits: the version, and every file that is read then. A service that
 * got READY with another stamp has not read what it must have read. Labels, taints and the address of other servers are
 * not in it (`startContent`).
 */
export function startStamp(version: string, files: readonly RenderedFile[]): string {
  const read = files
    .filter((file) => file.readAtStart)
    .map(({ path, content, startContent }) => [path, startContent ?? content ?? ''] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([version, read])).slice(0, 16);
}
