import { posix } from 'node:path';
import { Rke2ctlError } from '../domain/errors.ts';
import { type RemoteDirectory, type RemoteFile, removeFiles, writeFiles } from '../host/files.ts';
import { sha256 } from '../lib/hash.ts';
import { manifestsDir, OWN_FILES_DIR } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/** Writes a node's files, rendered anew from the state as it is now and held against the hashes of the plan. */
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
      return { path: file.path, mode: file.mode, content: file.content };
    });
    const host = context.host(node.key);
    const directories = directoriesOf(contents, context.cluster.dataDir);
    if (contents.length > 0) await writeFiles(host, contents, { directories, signal: context.signal });
    if (removed.length > 0) await removeFiles(host, removed, { signal: context.signal });
    return 'done';
  },
};

/** Directories of RKE2's own that may not be there yet get the modes that RKE2 would give them; ours is for root alone. */
function directoriesOf(files: readonly RemoteFile[], dataDir: string): readonly RemoteDirectory[] {
  const manifests = manifestsDir(dataDir);
  const isBelow = (directory: string) => files.some(({ path }) => path.startsWith(`${directory}/`));
  return [
    ...(isBelow(OWN_FILES_DIR) ? [{ path: OWN_FILES_DIR, mode: '0700' }] : []),
    ...(isBelow(manifests)
      ? [
          { path: dataDir, mode: '0755' },
          { path: posix.dirname(manifests), mode: '0700' },
          { path: manifests, mode: '0700' },
        ]
      : []),
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
