import { slowLinkFindings } from '../../rke2/etcd-links.ts';
import { clusterCheck, hostLabel } from './check.ts';

/** etcd nodes belong close together. */
export const etcdLink = clusterCheck('etcd-link', 'warning', ({ cluster, etcdLinks = [] }) => {
  const labels = new Map(cluster.nodes.map((node) => [node.key, hostLabel(node)]));
  return slowLinkFindings(etcdLinks, (key) => labels.get(key) ?? key);
});
