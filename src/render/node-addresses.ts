import { isIP } from 'node:net';
import type { ClusterNetwork, ClusterNode } from '../domain/cluster.ts';
import type { HostFacts } from '../domain/observed.ts';

/** True when pods get addresses of both families, so that each node must have both, too. */
export function isDualStack({ clusterCidr }: Pick<ClusterNetwork, 'clusterCidr'>): boolean {
  return familiesOf(clusterCidr).length === 2;
}

/**
 * What RKE2's `node-ip` gets: the node's cluster address and, in a dual-stack cluster, its `other` one, in the order in
 * which the cluster names the families. Empty when the cluster address is a name.
 */
export function nodeAddresses(
  network: Pick<ClusterNetwork, 'clusterCidr'>,
  address: string,
  other: string | null,
): readonly string[] {
  if (isIP(address) === 0) return [];
  const families = familiesOf(network.clusterCidr);
  if (families.length < 2) return [address];
  const own = isIP(address);
  return families.flatMap((family) => (family === own ? [address] : (other ?? [])));
}

/**
 * A node's address of the other family than `address`: as the file says, else the host's own on the interface of
 * `address`, else on that of the default route; null when it has none.
 */
export function otherAddress(
  { otherInternalAddress }: Pick<ClusterNode, 'otherInternalAddress'>,
  address: string,
  { addresses, routes }: Pick<HostFacts, 'addresses' | 'routes'>,
): string | null {
  if (otherInternalAddress !== null) return otherInternalAddress;
  const candidates = addresses.filter(
    (candidate) => isIP(candidate.address) !== isIP(address) && isUsable(candidate.address),
  );
  const places = [
    addresses.find((candidate) => candidate.address === address)?.interface,
    routes.find((route) => route.destination === 'default')?.interface,
  ];
  const found = places.flatMap((place) =>
    candidates.filter((candidate) => place !== undefined && candidate.interface === place),
  );
  return found[0]?.address ?? null;
}

function familiesOf(cidrs: readonly string[]): readonly number[] {
  return [...new Set(cidrs.map((cidr) => (cidr.includes(':') ? 6 : 4)))];
}

/** Neither loopback nor link-local. */
function isUsable(address: string): boolean {
  return !/^(127\.|169\.254\.|fe[89ab][0-9a-f]:|::1$)/i.test(address);
}
