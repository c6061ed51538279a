import { Rke2ctlError } from '../domain/errors.ts';
import { removeFiles, writeFiles } from '../host/files.ts';
import { sha256 } from '../lib/hash.ts';
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
    if (contents.length > 0) await writeFiles(host, contents, { signal: context.signal });
    if (removed.length > 0) await removeFiles(host, removed, { signal: context.signal });
    return 'done';
  },
};

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
