import type { ApiNode, Observed } from '../domain/observed.ts';
import { remember } from '../lib/remember.ts';

/** The cluster's Nodes, as the server says that was asked; null where no API answers. */
export const listNodes = remember(({ hosts }: Observed): readonly ApiNode[] | null => {
  for (const host of Object.values(hosts)) {
    if (host.reachable && host.facts.rke2.nodes !== null) return host.facts.rke2.nodes;
  }
  return null;
});

/** The Node of this name; null where the cluster has none, undefined where no API answers. */
export function findNode(observed: Observed, name: string): ApiNode | null | undefined {
  const nodes = listNodes(observed);
  return nodes === null ? undefined : (nodesByName(nodes).get(name) ?? null);
}

const nodesByName = remember((nodes: readonly ApiNode[]) => new Map(nodes.map((node) => [node.name, node])));
