import { downloadFile } from '../host/download.ts';
import { snapshotsDir } from '../rke2/paths.ts';
import type { StepHandler } from './step-handler.ts';

/** Fetches a server's local etcd snapshots to the operator's machine, before the host's data goes. */
export const fetchSnapshots: StepHandler<'fetch-snapshots'> = {
  title: ({ names }) => `fetch ${names.length} etcd ${names.length === 1 ? 'snapshot' : 'snapshots'}`,
  run: async ({ node, names, directory }, context) => {
    if (node === null) throw new Error('fetch-snapshots needs a node');
    const host = context.host(node.key);
    for (const name of names) {
      context.progress(name);
      const target = await context.operator.snapshotPath(node, directory, name);
      await downloadFile(host, {
        source: `${snapshotsDir(context.cluster.dataDir)}/${name}`,
        target,
        signal: context.signal,
      });
    }
    return 'done';
  },
};
