import { STATE_COPY_LIMIT } from '../domain/state-copy.ts';
import { putStateCopy } from '../host/state-secret.ts';
import type { StepHandler } from './step-handler.ts';

/**
 * Puts the state, as it lies on disk, into a Secret of the cluster, so that a lost file can be had again. One that is too
 * large for a Secret is a warning: the cluster is well without the copy.
 */
export const copyState: StepHandler<'copy-state'> = {
  title: () => 'copy the state into the cluster',
  run: async ({ node }, context) => {
    if (node === null) throw new Error('copy-state needs a node');
    const { sizeBytes } = await putStateCopy(context.host(node.key), await context.operator.stateText(), {
      signal: context.signal,
      dataDir: context.cluster.dataDir,
    });
    if (sizeBytes <= STATE_COPY_LIMIT) return 'done';
    context.reportFinding({
      severity: 'warning',
      code: 'state-copy-too-large',
      message: `The state has ${sizeBytes} bytes, and a Secret takes ${STATE_COPY_LIMIT}: the cluster got no copy of it; an earlier copy stays as it is.`,
      hint: 'Keep a copy of the .rkestate file elsewhere yourself: without its server token no etcd snapshot can be restored.',
    });
    return 'unchanged';
  },
};
