import { posix } from 'node:path';
import { Rke2ctlError } from '../domain/errors.ts';
import { MARKER_PATH, type Marker } from '../domain/marker.ts';
import type { PlannedNode } from '../domain/plan.ts';
import { type RemoteDirectory, type RemoteFile, removeFiles, writeFiles } from '../host/files.ts';
import { type OwnFiles, readOwnFiles } from '../host/read-own-files.ts';
import { sha256 } from '../lib/hash.ts';
import { isAdopted } from '../render/adopted-files.ts';
import { type ReadInput, readsAnew, touchesStart } from '../render/reads-anew.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { writtenHashes } from '../render/written-hashes.ts';
import { manifestsDir, OWN_FILES_DIR, tlsDir } from '../rke2/paths.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/**
 * Writes a node's files, rendered anew from the state as it is now and held against the hashes of the plan; the host's
 * marker then says what was written.
 */
export const writeNodeFiles: StepHandler<'write-files'> = {
  title: ({ files, removed }) => {
    const count = files.length === 0 ? removed.length : files.length;
    return `${files.length === 0 ? 'remove' : 'write'} ${count} ${count === 1 ? 'file' : 'files'}`;
  },
  run: async ({ node, files, removed }, context) => {
    if (node === null) throw new Error('write-files needs a node');
    const rendered = new Map(context.files(node.key).map((file) => [file.path, file]));
    const contents = files.map((planned) => {
      const file = rendered.get(planned.path);
      if (file === undefined || file.content === null) throw notReady(node.name, planned.path);
      if (planned.sha256 !== null && sha256(file.content) !== planned.sha256)
        throw moved(node.name, planned.path);
      return { path: file.path, mode: file.mode, content: file.content, founding: file.founding === true };
    });
    const lasting = contents.filter(({ founding }) => !founding);
    const host = context.host(node.key);
    const all = [...rendered.values()].filter(({ founding }) => founding !== true);
    const paths = [...new Set([...rendered.keys(), ...removed])];
    const own = await readOwnFiles(host, paths, { signal: context.signal });
    const touched = new Set(contents.map(({ path }) => path));
    await forgetStart({ node, all, touched, removed, own }, context);
    const directories = directoriesOf(contents, context.cluster.dataDir);
    const marker = own.marker === null ? [] : [markerFile(own.marker, lasting, removed, { all, own })];
    if (contents.length > 0)
      await writeFiles(host, [...contents, ...marker], { directories, signal: context.signal });
    if (removed.length > 0) await removeFiles(host, removed, { signal: context.signal });
    return 'done';
  },
};

export interface Writing {
  readonly node: PlannedNode;
  readonly all: readonly RenderedFile[];
  readonly touched: ReadonlySet<string>;
  readonly removed: readonly string[];
  readonly own: OwnFiles;
}

/**
 * A run that is cut off before the service has started anew leaves the new files in place, and nothing would tell that
 * the service has not read them. So the state says it first.
 */
async function forgetStart(
  { node, all, touched, removed, own }: Writing,
  context: StepContext,
): Promise<void> {
  const state = context.state();
  const record = state.nodes[node.id];
  if (record?.phase !== 'joined' || record.startedWith === '') return;
  const input: ReadInput = {
    version: state.version ?? record.version,
    dataDir: context.cluster.dataDir,
    rendered: all,
    touched,
    removed: removed.filter((path) => !isAdopted(path, { rke2: { files: own.present } }, record)),
    host: { present: own.present, written: own.marker?.written ?? {} },
    startedWith: record.startedWith,
  };
  if (!touchesStart(input) || !readsAnew(input)) return;
  await context.learn((before) => {
    const known = before.nodes[node.id];
    if (known === undefined) return before;
    return { ...before, nodes: { ...before.nodes, [node.id]: { ...known, startedWith: '' } } };
  });
}

/** The marker with what is written now; it comes last: a run that is cut off leaves none that claims more than is there. */
export function markerFile(
  marker: Marker,
  contents: readonly WrittenFile[],
  removed: readonly string[],
  { all, own }: Pick<Writing, 'all' | 'own'>,
): RemoteFile {
  const before = writtenHashes(marker.written, marker.files, all, own.present);
  const now = contents.map(({ path, content }) => [path, sha256(content)] as const);
  const entries = Object.entries({ ...before, ...Object.fromEntries(now) });
  const written = Object.fromEntries(entries.filter(([path]) => !removed.includes(path)));
  return { path: MARKER_PATH, mode: '0600', content: `${JSON.stringify({ ...marker, written }, null, 2)}\n` };
}

export interface WrittenFile {
  readonly path: string;
  readonly mode: string;
  readonly content: string;
}

/** Directories of RKE2's own that may not be there yet get the modes that RKE2 would give them; ours is for root alone. */
function directoriesOf(files: readonly RemoteFile[], dataDir: string): readonly RemoteDirectory[] {
  const isBelow = (directory: string) => files.some(({ path }) => path.startsWith(`${directory}/`));
  const server = posix.dirname(manifestsDir(dataDir));
  const inner = [manifestsDir(dataDir), tlsDir(dataDir), `${tlsDir(dataDir)}/etcd`].filter(isBelow);
  return [
    ...(isBelow(OWN_FILES_DIR) ? [{ path: OWN_FILES_DIR, mode: '0700' }] : []),
    ...(inner.length > 0 ? [{ path: dataDir, mode: '0755' }] : []),
    ...(inner.length > 0 ? [server, ...inner].map((path) => ({ path, mode: '0700' })) : []),
  ];
}

function notReady(name: string, path: string): Error {
  return new Rke2ctlError({
    code: 'cluster-ca-unknown',
    message: `${path} of ${name} pins the cluster's CA, and no server of this cluster has shown its CA yet.`,
    hint: 'Run `rke2ctl up` again once the first server is up.',
  });
}

function moved(name: string, path: string): Error {
  return new Rke2ctlError({
    code: 'plan-stale',
    message: `${path} of ${name} would no longer be what was planned: cluster or state changed since.`,
    hint: 'Run the command again: it makes a new plan.',
  });
}
