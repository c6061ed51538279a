import { sha256 } from '../lib/hash.ts';
import type { ClusterNode, NodeKey } from './cluster.ts';
import type { HostFacts } from './observed.ts';

/** A node's identity in one cluster: follows the machine (its machine-id), not its address or name. 16 hex digits. */
export function nodeId(clusterId: string, machineId: string): string {
  const text = `${clusterId}/${machineId}`;
  const known = knownIds.get(text);
  if (known !== undefined) return known;
  const id = sha256(text).slice(0, 16);
  if (knownIds.size < MOST_KNOWN) knownIds.set(text, id);
  return id;
}

/** Every part of a plan asks for the id of every host. */
const knownIds = new Map<string, string>();
const MOST_KNOWN = 10_000;

/** `address:port`, with IPv6 in brackets. */
export function nodeKey(address: string, port: number): NodeKey {
  return `${bracketed(address)}:${port}`;
}

/** An address as it stands in URLs: IPv6 in brackets. */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** The Kubernetes node name: what the file says, else the host's own hostname in lower case. */
export function nodeName(node: ClusterNode, facts: HostFacts): string {
  return node.name ?? facts.hostname.toLowerCase();
}

/**
 * The address at which the other nodes reach this one: `internal_address`; else `address` if it is one of the host's
 * own; else the first address on the interface of the default route (the host is known by a name, or behind NAT).
 */
export function clusterAddress(node: ClusterNode, facts: HostFacts): string {
  if (node.internalAddress !== null) return node.internalAddress;
  if (facts.addresses.some((own) => own.address === node.address)) return node.address;
  const outward = facts.routes.find((route) => route.destination === 'default')?.interface;
  const own = facts.addresses.find(
    (candidate) => candidate.interface === outward && !candidate.address.startsWith('fe80:'),
  );
  return own?.address ?? node.address;
}
