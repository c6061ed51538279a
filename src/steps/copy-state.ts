import { applyManifest } from '../host/kubectl.ts';
import type { StepHandler } from './step-handler.ts';

/** The Secret in kube-system that holds a copy of the state. */
export const STATE_SECRET = { name: 'rke2ctl-state', key: 'cluster.rkestate' } as const;

/** Puts the state, as it lies on disk, into a Secret of the cluster, so that a lost file can be had again. */
export const copyState: StepHandler<'copy-state'> = {
  title: () => 'copy the state into the cluster',
  run: async ({ node }, context) => {
    if (node === null) throw new Error('copy-state needs a node');
    const text = await context.operator.stateText();
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: STATE_SECRET.name, namespace: 'kube-system' },
      data: { [STATE_SECRET.key]: Buffer.from(text).toString('base64') },
    };
    await applyManifest(context.host(node.key), secret, {
      signal: context.signal,
      dataDir: context.cluster.dataDir,
    });
    return 'done';
  },
};
