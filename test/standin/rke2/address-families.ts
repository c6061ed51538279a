import { isIPv6 } from 'node:net';
import { CommandError } from './log.ts';

/** Refuses pod and service ranges of different families, in RKE2's words. */
export function checkRanges(clusterCidrs: readonly string[], serviceCidrs: readonly string[]): void {
  const [cluster, service] = [familiesOf(clusterCidrs), familiesOf(serviceCidrs)];
  if (cluster.size === service.size && isSixFirst(clusterCidrs) === isSixFirst(serviceCidrs)) return;
  throw new CommandError(
    `cluster-cidr: ${list(clusterCidrs)} and service-cidr: ${list(serviceCidrs)}, must share the same IP version (IPv4, IPv6 or dual-stack)`,
  );
}

/** Refuses a node that lacks an address of one of the cluster's families; every server and agent looks at its own. */
export function checkNodeFamilies(clusterCidrs: readonly string[], nodeAddresses: readonly string[]): void {
  const own = familiesOf(nodeAddresses);
  if ([...familiesOf(clusterCidrs)].every((family) => own.has(family))) return;
  throw new CommandError(
    `cluster-cidr: ${list(clusterCidrs)} and node-ip: ${list(nodeAddresses)}, must share the same IP version (IPv4, IPv6 or dual-stack)`,
  );
}

/**
 * The node's own part of each pod range (a /24, or a /64 of IPv6), by the last part of its address of that family, or of
 * its first address.
 */
export function podCidrsOf(
  clusterCidrs: readonly string[],
  nodeAddresses: readonly string[],
): readonly string[] {
  return clusterCidrs.map((cidr) => {
    const isSix = familyOf(cidr) === 6;
    const address = nodeAddresses.find((each) => isIPv6(each) === isSix) ?? nodeAddresses[0] ?? '';
    const last = lastPartOf(address) % 256;
    if (isSix) return `${cidr.replace(/::.*$/, '')}:${last.toString(16)}::/64`;
    const [a = '10', b = '42'] = cidr.split('.');
    return `${a}.${b}.${last}.0/24`;
  });
}

function lastPartOf(address: string): number {
  return address.includes(':')
    ? Number.parseInt(address.split(':').at(-1) || '1', 16)
    : Number(address.split('.').at(-1));
}

function familyOf(text: string): 4 | 6 {
  return isIPv6(text.split('/')[0] ?? '') ? 6 : 4;
}

function familiesOf(texts: readonly string[]): ReadonlySet<4 | 6> {
  return new Set(texts.map(familyOf));
}

function isSixFirst([first = '']: readonly string[]): boolean {
  return familyOf(first) === 6;
}

/** As Go prints a slice. */
function list(texts: readonly string[]): string {
  return `[${texts.join(' ')}]`;
}
