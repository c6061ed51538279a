import { isServer } from '../../rke2/roles.ts';
import { hostCheck } from './check.ts';
import { isHostOnly } from './networks.ts';

/**
 * Pods cannot use a name server on the host's loopback; RKE2 silently puts public ones in its place. The facts hold the
 * servers that RKE2 would find: behind systemd-resolved's stub, its own.
 */
export const nameServers = hostCheck('name-servers', 'warning', ({ facts, node }, { cluster }) => {
  const side = isServer(node.roles) ? 'server' : 'agent';
  if (cluster.rke2[side]['resolv-conf'] !== undefined) return null;
  const { nameservers } = facts;
  if (nameservers.some((server) => !isHostOnly(server))) return null;
  const found = nameservers.length === 0 ? 'no name server' : `only ${nameservers.join(', ')}`;
  return {
    message: `/etc/resolv.conf names ${found}, which pods cannot use. RKE2 gives them 8.8.8.8 instead, and names of your own network do not resolve.`,
    hint: `Name a server that pods can reach in /etc/resolv.conf, or write a file with one and set \`rke2: {${side}: {resolv-conf: /etc/rke2-resolv.conf}}\`.`,
  };
});
