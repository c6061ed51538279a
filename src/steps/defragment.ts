import { defragmentMember } from '../host/etcd-maintenance.ts';
import type { StepHandler } from './step-handler.ts';

/** A member that is being defragmented answers nobody; databases of gigabytes take minutes. */
const TIMEOUT_MS = 10 * 60_000;

/** Lets the node's etcd write its database anew without the gaps that deleted data left. */
export const defragment: StepHandler<'defragment'> = {
  title: () => 'defragment etcd',
  run: async ({ node }, context) => {
    if (node === null) throw new Error('defragment needs a node');
    await defragmentMember(context.host(node.key), {
      dataDir: context.cluster.dataDir,
      timeoutMs: Math.max(TIMEOUT_MS, context.timeoutMs),
      signal: context.signal,
    });
    return 'done';
  },
};
