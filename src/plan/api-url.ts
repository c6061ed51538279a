import type { Cluster, NodeKey } from '../domain/cluster.ts';
import { bracketed } from '../domain/node-identity.ts';

/** `https://` address of the API for people: the endpoint, else the SSH address of this control plane. */
export function apiUrl({ endpoint, nodes }: Cluster, plane: NodeKey): string {
  if (endpoint !== null) return `https://${bracketed(endpoint.host)}:${endpoint.port}`;
  const spec = nodes.find((node) => node.key === plane);
  if (spec === undefined) throw new Error(`${plane} is no node of the file`);
  return `https://${bracketed(spec.address)}:6443`;
}
