import type { HostFacts } from '../domain/observed.ts';
import type { AdoptedFiles, NodeRecord } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import type { RenderedFile } from './rendered-file.ts';

/** A node's files with what an adoption stands in for. */
export interface FilesWithAdoption {
  readonly files: readonly RenderedFile[];
  /** Files that were found and are there now beside ours: the node's, and ours to take away some day. */
  readonly standing: readonly string[];
}

/**
 * Puts what an adoption found into the place of our files, by groups: only where every file on the host, and every file
 * that we would write, is as it was then. Of the other groups nothing stands any more, and ours are written like any other file.
 */
export function applyAdoption(
  adopted: readonly AdoptedFiles[] | undefined,
  files: readonly RenderedFile[],
  { rke2 }: Pick<HostFacts, 'rke2'>,
): FilesWithAdoption {
  if (adopted === undefined || adopted.length === 0) return { files, standing: [] };
  const hashes = new Map(
    files.flatMap(({ path, content }) => (content === null ? [] : [[path, sha256(content)] as const])),
  );
  const groups = adopted.filter(
    ({ found, standFor }) =>
      Object.entries(standFor).every(([path, hash]) => hashes.get(path) === hash) &&
      Object.entries(found).every(([path, hash]) => (rke2.files[path]?.sha256 ?? null) === hash),
  );
  const replaced = new Map(
    groups.flatMap(({ found, standFor }) =>
      Object.keys(standFor).map((path) => [path, found[path] ?? null] as const),
    ),
  );
  return {
    files: files.map((file) => {
      const hash = replaced.get(file.path);
      return hash === undefined ? file : { ...file, adopted: hash };
    }),
    standing: groups.flatMap(({ found }) => Object.keys(found).filter((path) => found[path] !== null)),
  };
}

/** True for a file on the host that is as an adoption found it: what it says stands in our files, too. */
export function isAdopted(
  path: string,
  { rke2 }: { readonly rke2: Pick<HostFacts['rke2'], 'files'> },
  record: NodeRecord | null,
): boolean {
  const hash = rke2.files[path]?.sha256;
  return hash !== undefined && (record?.adopted ?? []).some(({ found }) => found[path] === hash);
}

/** What an adoption found on a host, by path: the hashes that its first marker gives as written. */
export function foundHashes(adopted: readonly AdoptedFiles[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (adopted ?? []).flatMap(({ found }) =>
      Object.entries(found).flatMap(([path, hash]) => (hash === null ? [] : [[path, hash] as const])),
    ),
  );
}
