import { sha256 } from '../lib/hash.ts';
import { remember } from '../lib/remember.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * What a service reads when it starts, as 16 hex digits: the version, and every file that is read then. A service that
 * got READY with another stamp has not read what it must have read. Labels, taints and the address of other servers are
 * not in it (`startContent`).
 */
export function startStamp(version: string, files: readonly RenderedFile[]): string {
  const known = stampsOf(files);
  const before = known.get(version);
  if (before !== undefined) return before;
  const stamp = makeStamp(version, files);
  known.set(version, stamp);
  return stamp;
}

/** It is asked for more than once, of the very same files. */
const stampsOf = remember((_files: readonly RenderedFile[]) => new Map<string, string>());

function makeStamp(version: string, files: readonly RenderedFile[]): string {
  const read = files
    .filter((file) => file.readAtStart)
    .map(({ path, content, startContent }) => [path, startContent ?? content ?? ''] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([version, read])).slice(0, 16);
}
