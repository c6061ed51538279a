import { manifestsDir } from '../rke2/paths.ts';
import { JOIN_DROPIN_PATH } from './config-yaml.ts';
import { fileState } from './file-state.ts';
import type { RenderedFile } from './rendered-file.ts';
import { startStamp } from './start-stamp.ts';

/** The files of ours on a host: as they are there, and as its marker says we wrote them. */
export interface HostFiles {
  readonly present: Readonly<Record<string, { readonly sha256: string; readonly mode: string }>>;
  readonly written: Readonly<Record<string, string>>;
}

export interface ReadInput {
  readonly version: string;
  readonly dataDir: string;
  /** All of the node's files as they must be. */
  readonly rendered: readonly RenderedFile[];
  /** Those of them that are to be written, by path. */
  readonly touched: ReadonlySet<string>;
  readonly removed: readonly string[];
  readonly host: HostFiles;
  /** Of the node's record; undefined: not known, or it never joined. */
  readonly startedWith: string | undefined;
}

/**
 * True when the node's service, should it run, has to be started anew for these files: it last got READY with something
 * else than it must read now; or what it reads at start is not as we left it, so that nobody knows what it has read; or
 * such a file goes. Where nothing tells what it got READY with, every file counts that it reads at start.
 */
export function readsAnew(input: ReadInput): boolean {
  const { version, rendered, touched, host, startedWith } = input;
  const states = rendered
    .filter((file) => file.readAtStart && touched.has(file.path))
    .map((file) => fileState(file, host.present[file.path], host.written[file.path]));
  const isKnown = startedWith !== undefined;
  return (
    states.some((state) => !['in-place', 'mode', ...(isKnown ? ['outdated'] : [])].includes(state)) ||
    input.removed.some((path) => isReadAtStart(path, input.dataDir)) ||
    (isKnown && startedWith !== startStamp(version, rendered))
  );
}

/** RKE2 watches its manifests, and a join's drop-in has done its work; everything else is read when the service starts. */
function isReadAtStart(path: string, dataDir: string): boolean {
  return path !== JOIN_DROPIN_PATH && !path.startsWith(`${manifestsDir(dataDir)}/`);
}

/** True when these steps on files touch anything that a service reads at its start. */
export function touchesStart({
  rendered,
  touched,
  removed,
  dataDir,
}: Pick<ReadInput, 'rendered' | 'touched' | 'removed' | 'dataDir'>): boolean {
  const isWritten = rendered.some((file) => file.readAtStart && touched.has(file.path));
  return isWritten || removed.some((path) => isReadAtStart(path, dataDir));
}
