import { MAX_ETCD_NODES } from '../../rke2/requirements.ts';
import { clusterCheck } from './check.ts';

/** More than five members make every write slower and survive nothing that five do not. */
export const etcdCount = clusterCheck('etcd-count', 'warning', ({ cluster }) => {
  const count = cluster.nodes.filter((node) => node.roles.includes('etcd')).length;
  if (count <= MAX_ETCD_NODES) return [];
  return [
    {
      message: `${count} nodes have the etcd role. Every write must reach more than half of them; beyond five it only gets slower.`,
      hint: 'Keep etcd on 3 or 5 nodes.',
    },
  ];
});
