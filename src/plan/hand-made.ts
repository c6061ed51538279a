import type { Marker } from '../domain/marker.ts';
import type { HostFacts } from '../domain/observed.ts';
import { contentHash } from '../render/content-hash.ts';
import { type FileState, fileState } from '../render/file-state.ts';
import type { RenderedFile } from '../render/rendered-file.ts';

/** Our marker on a host; null where there is none, or none that can be read. */
export function readableMarker({ rke2 }: HostFacts): Marker | null {
  return rke2.marker === 'unreadable' ? null : rke2.marker;
}

/** How a file of ours stands on its host, by what the host's own marker says of it. */
export function stateOfFile(file: RenderedFile, facts: HostFacts): FileState {
  return fileState(file, facts.rke2.files[file.path], writtenHash(file.path, facts));
}

/** True for a file that is otherwise than it is to be only because somebody changed it on the host. */
export function isOnlyDrift(file: RenderedFile, facts: HostFacts): boolean {
  const state = stateOfFile(file, facts);
  if (state === 'mode') return true;
  if (state !== 'edited' && state !== 'missing') return false;
  return writtenHash(file.path, facts) === contentHash(file);
}

function writtenHash(path: string, facts: HostFacts): string | undefined {
  return readableMarker(facts)?.written?.[path];
}
