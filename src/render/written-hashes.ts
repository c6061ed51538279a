import type { Marker } from '../domain/marker.ts';
import { sha256 } from '../lib/hash.ts';
import type { HostFiles } from './reads-anew.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * What a marker is to say of the contents of our files: what it said before, of files that are ours still; and what is in
 * place, whoever put it there. undefined where there is nothing to say.
 */
export function writtenHashes(
  before: Marker['written'],
  ours: readonly string[],
  rendered: readonly RenderedFile[],
  present: HostFiles['present'],
): Marker['written'] {
  const kept = Object.entries(before ?? {}).filter(([path]) => ours.includes(path));
  const inPlace = rendered.flatMap(({ path, content }): [string, string][] => {
    const hash = present[path]?.sha256;
    return hash !== undefined && content !== null && hash === sha256(content) ? [[path, hash]] : [];
  });
  const all = [...kept, ...inPlace];
  return all.length === 0 ? undefined : Object.fromEntries(all);
}
