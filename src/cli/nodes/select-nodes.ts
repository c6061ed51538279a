import { findNearestName } from '../../config/nearest-name.ts';
import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import { Rke2ctlError } from '../../domain/errors.ts';
import { ROLES } from '../../domain/role.ts';
import type { State } from '../../domain/state.ts';
import { keyLabel } from '../../ui/host-label.ts';
import { recordOf } from './find-node.ts';
import type { Limit } from './parse-limit.ts';

/** The state, as far as names need it. */
type KnownNodes = Pick<State, 'nodes'> | null;

export interface SelectedNode {
  readonly node: ClusterNode;
  /** How it is called before lines and in tables; no two nodes of a cluster are called the same. */
  readonly label: string;
}

/**
 * The nodes that any of these words names, in the order of the file; without words every one. A word is `all`, a name,
 * an address (with port if need be), a role (`worker`, `role=worker`) or a label of the file (`key=value`). Throws
 * Rke2ctlError (exit code 3) that names every word which selects nothing.
 */
export function selectNodes(
  words: readonly string[],
  cluster: Cluster,
  state: KnownNodes,
  limit: Limit | null = null,
): readonly SelectedNode[] {
  const { nodes } = cluster;
  const meant = new Map(words.map((word) => [word, nodesOf(word, nodes, state)]));
  const idle = words.filter((word) => meant.get(word)?.length === 0);
  if (idle.length > 0) throw selectsNothing(idle, nodes, state);
  const chosen = new Set(words.length === 0 ? nodes : [...meant.values()].flat());
  const labels = labelNodes(nodes, state);
  const selected = nodes.flatMap((node, index) =>
    chosen.has(node) ? [{ node, label: labels[index] ?? node.key }] : [],
  );
  return selected.slice(0, limit === null ? selected.length : countOf(limit, selected.length));
}

/** A share is rounded down and is one node at the least. */
function countOf(limit: Limit, all: number): number {
  return 'count' in limit ? limit.count : Math.max(1, Math.floor((limit.percent * all) / 100));
}

/** A name wins over a role of the same word. */
function nodesOf(word: string, nodes: readonly ClusterNode[], state: KnownNodes): readonly ClusterNode[] {
  const wanted = word.toLowerCase();
  const named = nodes.filter((node) => namesOf(node, state).includes(wanted));
  if (named.length > 0) return named;
  if (wanted === 'all') return nodes;
  const role = wanted.replace(/^role=/, '');
  const inRole = nodes.filter(({ roles }) => roles.some((each) => each === role));
  if (inRole.length > 0) return inRole;
  return nodes.filter((node) => labelsOf(node).includes(word));
}

function namesOf(node: ClusterNode, state: KnownNodes): readonly string[] {
  const names = [node.name, recordOf(state, node)?.name, node.key, node.address, node.internalAddress];
  return names.flatMap((name) => name?.toLowerCase() ?? []);
}

function labelsOf({ labels }: ClusterNode): readonly string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}

function labelNodes(nodes: readonly ClusterNode[], state: KnownNodes): readonly string[] {
  const names = nodes.map((node) => node.name ?? recordOf(state, node)?.name ?? keyLabel(node.key));
  return names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : (nodes[index]?.key ?? name),
  );
}

const MOST_NAMED = 12;

function selectsNothing(
  words: readonly string[],
  nodes: readonly ClusterNode[],
  state: KnownNodes,
): Rke2ctlError {
  const roles = ROLES.filter((role) => nodes.some((node) => node.roles.includes(role)));
  const labels = [...new Set(nodes.flatMap(labelsOf))];
  const names = nodes.flatMap((node) => namesOf(node, state));
  const candidates = [
    ...new Set([...names, ...roles, ...roles.map((role) => `role=${role}`), ...labels, 'all']),
  ];
  const near = words.map((word) => findNearestName(word, candidates)).filter((name) => name !== null);
  const quoted = words.map((word) => JSON.stringify(word)).join(', ');
  const shown = [...labelNodes(nodes, state), ...labels];
  const rest = shown.length - MOST_NAMED;
  const listed = `${shown.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return new Rke2ctlError({
    code: 'selects-no-node',
    message: `No name, address, role or label of the cluster's nodes is ${quoted}.`,
    hint: `${near.length > 0 ? `Did you mean ${[...new Set(near)].join(', ')}? ` : ''}There are all, ${roles.join(', ')}; ${listed}.`,
    exitCode: 3,
  });
}
