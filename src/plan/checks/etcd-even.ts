import { clusterCheck } from './check.ts';

/** An even number of members survives no more failures than one fewer, and has one more that can fail. */
export const etcdEven = clusterCheck('etcd-even', 'warning', ({ cluster }) => {
  const count = cluster.nodes.filter((node) => node.roles.includes('etcd')).length;
  if (count === 0 || count % 2 === 1) return [];
  const survives = count / 2 - 1;
  return [
    {
      message: `${count} nodes have the etcd role: an even number. ${count} members survive the loss of ${survives}, just as ${count - 1} would.`,
      hint: `Use ${count - 1} or ${count + 1}.`,
    },
  ];
});
