import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import { nodeId, nodeName } from '../domain/node-identity.ts';
import type { HostFacts, UnitFacts } from '../domain/observed.ts';
import type { NodeRecord } from '../domain/state.ts';
import { type DesiredInput, type DesiredNode, desiredNode, factsOf } from '../render/desired-node.ts';
import { programVersion } from './previous-steps.ts';

/** A node that somebody wants back on the version that it had before an upgrade. */
export interface GoingBack {
  readonly desired: DesiredNode;
  readonly facts: HostFacts;
  /** null: the state does not know this machine. */
  readonly record: NodeRecord | null;
  /** The program in place; null where it says no version. */
  readonly present: string | null;
}

/** What a name that somebody gave stands for in the file; `away`: that node was not reached. */
export type NamedNode =
  | { readonly found: 'nobody'; readonly name: string }
  | { readonly found: 'away'; readonly name: string; readonly spec: ClusterNode }
  | { readonly found: 'node'; readonly name: string; readonly node: GoingBack };

/** Finds the nodes by name, address or key; each once, in the order of the file. */
export function findGoingBack(input: DesiredInput, names: readonly string[]): readonly NamedNode[] {
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))];
  const found = input.cluster.nodes.flatMap((spec): NamedNode[] => {
    const facts = factsOf(input.observed, spec.key);
    const name = wanted.find((each) => namesOf(spec, facts, input).includes(each));
    if (name === undefined) return [];
    return facts === null
      ? [{ found: 'away', name, spec }]
      : [{ found: 'node', name, node: goingBack(input, spec, facts) }];
  });
  const nobody = wanted
    .filter((name) =>
      input.cluster.nodes.every(
        (spec) => !namesOf(spec, factsOf(input.observed, spec.key), input).includes(name),
      ),
    )
    .map((name): NamedNode => ({ found: 'nobody', name }));
  return [...found, ...nobody];
}

function goingBack(input: DesiredInput, spec: ClusterNode, facts: HostFacts): GoingBack {
  const desired = desiredNode(input, spec, facts);
  const record = input.state.nodes[desired.planned.id] ?? null;
  return { desired, facts, record, present: programVersion(desired, facts) };
}

function namesOf(spec: ClusterNode, facts: HostFacts | null, { state }: DesiredInput): readonly string[] {
  const record = facts === null ? undefined : state.nodes[nodeId(state.clusterId, facts.machineId)];
  return [
    spec.key,
    spec.address,
    spec.name ?? '',
    facts === null ? '' : nodeName(spec, facts),
    record?.name ?? '',
  ].map((name) => name.toLowerCase());
}

/** What the file calls its nodes, for messages. */
export function nodeTitles({ nodes }: Cluster): string {
  const titles = nodes.map(({ name, address }) => name ?? address);
  return `${titles.slice(0, 12).join(', ')}${titles.length > 12 ? ` and ${titles.length - 12} more` : ''}`;
}

/** The unit of its service. */
export function unitOf({ desired, facts }: Pick<GoingBack, 'desired' | 'facts'>): UnitFacts {
  return desired.planned.service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
}
