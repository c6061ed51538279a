import { isIP } from 'node:net';
import { clusterAddress } from '../../domain/node-identity.ts';
import { isDualStack, otherAddress } from '../../render/node-addresses.ts';
import { hostCheck } from './check.ts';

/** In a dual-stack cluster RKE2 does not start on a node that has addresses of one family only. */
export const bothFamilies = hostCheck('both-families', 'error', ({ node, facts }, { cluster }) => {
  const address = clusterAddress(node, facts);
  const family = isIP(address);
  if (family === 0 || !isDualStack(cluster.network)) return null;
  if (otherAddress(node, address, facts) !== null) return null;
  const missing = family === 4 ? 'IPv6' : 'IPv4';
  return {
    message: `The cluster has IPv4 and IPv6, and this host has no ${missing} address beside ${address} on the same interface or on that of its default route.`,
    hint: `Give the host an ${missing} address, name both under internal_address if it has one elsewhere, or take the ${missing} ranges out of cluster_cidr and service_cluster_ip_range.`,
  };
});
