import { hostCheck } from './check.ts';

/** What RKE1 or Docker left running holds the very ports and directories that RKE2 needs. */
export const rke1Leftovers = hostCheck('rke1-leftovers', 'error', ({ facts, ours, hasRke2 }) => {
  if (facts.rke1.length === 0 || (ours && hasRke2)) return null;
  const shown = facts.rke1.slice(0, 6);
  const more = facts.rke1.length > shown.length ? ` and ${facts.rke1.length - shown.length} more` : '';
  return {
    message: `Docker or an RKE1 node is still in the way: ${shown.join(', ')}${more}. They hold RKE2’s ports or its network.`,
    hint: 'If that cluster is given up: remove its containers (`docker rm -f NAME`), delete /etc/kubernetes, /var/lib/etcd, /etc/cni and /opt/cni, and reboot to clear its firewall rules. If it still serves, use other hosts.',
  };
});
