import { sha256 } from '../lib/hash.ts';
import { remember } from '../lib/remember.ts';
import type { RenderedFile } from './rendered-file.ts';

/** SHA-256 of the file as it must stand; null where the content is not known yet. Many ask for that of the same file. */
export function contentHash(file: RenderedFile): string | null {
  return file.content === null ? null : hashOf(file);
}

const hashOf = remember(({ content }: RenderedFile) => sha256(content ?? ''));
