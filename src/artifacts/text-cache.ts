import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../lib/hash.ts';

/** Texts by their own SHA-256: one that is found is what it says. */
export interface TextCache {
  /** null when it is not there, or no longer what its name says. */
  readonly read: (hash: string) => Promise<string | null>;
  /** A cache that cannot be written only costs time: the next run fetches again. */
  readonly write: (hash: string, text: string) => Promise<void>;
}

/** The cache in a folder of its own, which comes with the first text. */
export function openTextCache(folder: string): TextCache {
  return {
    read: async (hash) => {
      const text = await readFile(join(folder, hash), 'utf8').catch(() => null);
      return text !== null && sha256(text) === hash ? text : null;
    },
    write: async (hash, text) => {
      const draft = join(folder, `${hash}.${process.pid}.tmp`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(draft, text, { mode: 0o600 });
        await rename(draft, join(folder, hash));
      } catch {
        await rm(draft, { force: true }).catch(() => undefined);
      }
    },
  };
}
