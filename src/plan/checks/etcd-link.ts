import { SLOW_ETCD_LINK_MS } from '../../rke2/requirements.ts';
import { clusterCheck, hostLabel } from './check.ts';

/** etcd's heartbeat goes out every 100 ms and every write waits for a majority: its nodes belong close together. */
export const etcdLink = clusterCheck('etcd-link', 'warning', ({ cluster, etcdLinks = [] }) => {
  const labels = new Map(cluster.nodes.map((node) => [node.key, hostLabel(node)]));
  return etcdLinks
    .filter((link) => link.roundTripMs > SLOW_ETCD_LINK_MS)
    .map((link) => ({
      message: `From ${labels.get(link.from) ?? link.from} to ${labels.get(link.to) ?? link.to} a packet takes ${link.roundTripMs.toFixed(0)} ms there and back. etcd slows down beyond ${SLOW_ETCD_LINK_MS} ms and may lose its leader.`,
      hint: 'Keep the etcd nodes in one place; for distant sites run a cluster each.',
    }));
});
