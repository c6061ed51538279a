import type { HostFacts } from '../domain/observed.ts';
import type { AdoptedFiles } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import type { RenderedFile } from './rendered-file.ts';

/** What an adoption still stands for on one host. */
export interface StandingFiles {
  /** Files of ours in whose place others lie, or nothing: they count as written. */
  readonly replaced: ReadonlySet<string>;
  /** Files that were found and are there now: the cluster's, and ours to take away some day. */
  readonly found: readonly string[];
  /** SHA-256 of those, as `Marker.written` has them. */
  readonly written: Readonly<Record<string, string>>;
}

/**
 * Of what an adoption found: the groups of which every file on the host, and every file that we would write, is as it was
 * then. Of the others nothing stands any more, and ours are written like any other file.
 */
export function standingFiles(
  adopted: readonly AdoptedFiles[] | undefined,
  files: readonly RenderedFile[],
  { rke2 }: Pick<HostFacts, 'rke2'>,
): StandingFiles {
  const hashes = new Map(
    files.flatMap(({ path, content }) => (content === null ? [] : [[path, sha256(content)] as const])),
  );
  const groups = (adopted ?? []).filter(
    ({ found, standFor }) =>
      Object.entries(standFor).every(([path, hash]) => hashes.get(path) === hash) &&
      Object.entries(found).every(([path, hash]) => (rke2.files[path]?.sha256 ?? null) === hash),
  );
  const present = groups.flatMap(({ found }) =>
    Object.entries(found).flatMap(([path, hash]) => (hash === null ? [] : [[path, hash] as const])),
  );
  return {
    replaced: new Set(groups.flatMap(({ standFor }) => Object.keys(standFor))),
    found: present.map(([path]) => path),
    written: Object.fromEntries(present),
  };
}
