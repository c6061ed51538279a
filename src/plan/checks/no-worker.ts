import { clusterCheck } from './check.ts';

/** Servers without the worker role are tainted, so without a worker no workload finds a node. */
export const noWorker = clusterCheck('no-worker', 'warning', ({ cluster }) => {
  if (cluster.nodes.some((node) => node.roles.includes('worker'))) return [];
  return [
    {
      message:
        'No node has the worker role: all are tainted CriticalAddonsOnly, so ingress, metrics-server and your own pods stay Pending.',
      hint: 'Give at least one node `role: [worker]`, or add worker to a server’s roles.',
    },
  ];
});
