import type { ApiNode, Observed } from '../domain/observed.ts';

/** The cluster's Nodes, as the first server says whose API answers; null where none does. */
export function listNodes({ hosts }: Observed): readonly ApiNode[] | null {
  for (const host of Object.values(hosts)) {
    if (host.reachable && host.facts.rke2.nodes !== null) return host.facts.rke2.nodes;
  }
  return null;
}
