import { contentHash } from './content-hash.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * How a file of ours stands on its host: `in-place`, also where an adoption found the same in other words; `mode`: right
 * but for its mode; `outdated`: as we last wrote it, but it is to be otherwise now; `edited`: as nobody of us wrote it;
 * `missing`: we wrote it, and it is gone; `new`: never yet written there; `unknown`: otherwise than it is to be, and
 * nothing tells who made it so (markers of earlier releases).
 */
export type FileState = 'in-place' | 'mode' | 'outdated' | 'edited' | 'missing' | 'new' | 'unknown';

/** `written`: its hash as the host's marker has it, of the last time that we wrote it. */
export function fileState(
  file: RenderedFile,
  present: { readonly sha256: string; readonly mode: string } | undefined,
  written: string | undefined,
): FileState {
  if (file.adopted !== undefined && file.adopted === (present?.sha256 ?? null)) return 'in-place';
  if (present === undefined) return written === undefined ? 'new' : 'missing';
  if (present.sha256 === contentHash(file)) {
    return Number.parseInt(present.mode, 8) === Number.parseInt(file.mode, 8) ? 'in-place' : 'mode';
  }
  if (written === undefined) return 'unknown';
  return present.sha256 === written ? 'outdated' : 'edited';
}
