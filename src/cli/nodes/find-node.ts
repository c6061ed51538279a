import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { NodeRecord, State } from '../../domain/state.ts';

/** What the state remembers of a node of the file; null when it never got there. */
export function recordOf(state: Pick<State, 'nodes'> | null, node: ClusterNode): NodeRecord | null {
  const records = Object.values(state?.nodes ?? {});
  return records.find(({ address, port }) => address === node.address && port === node.port) ?? null;
}

/**
 * The node that somebody names: by its name, `address:port`, address, or internal address. Throws Rke2ctlError when none
 * or more than one is called so.
 */
export function findNode(asked: string, cluster: Cluster, state: State | null): ClusterNode {
  const wanted = asked.toLowerCase();
  const names = (node: ClusterNode) =>
    [node.key, node.name, recordOf(state, node)?.name, node.address, node.internalAddress].map((name) =>
      name?.toLowerCase(),
    );
  const found = cluster.nodes.filter((node) => names(node).includes(wanted));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw new Rke2ctlError({
    code: 'unknown-node',
    message:
      first === undefined
        ? `The cluster has no node ${JSON.stringify(asked)}.`
        : `${found.length} nodes are called ${JSON.stringify(asked)}.`,
    hint: `Name one of ${listNodes(first === undefined ? cluster.nodes : found)}.`,
    exitCode: 3,
  });
}

const MOST_NAMED = 12;

function listNodes(nodes: readonly ClusterNode[]): string {
  const named = nodes.slice(0, MOST_NAMED).map(({ key, name }) => (name === null ? key : `${name} (${key})`));
  const rest = nodes.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
}
