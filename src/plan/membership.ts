import type { Cluster, ClusterNode, NodeKey } from '../domain/cluster.ts';
import { nodeId, nodeKey, nodeName } from '../domain/node-identity.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { remember } from '../lib/remember.ts';
import { factsOf } from '../render/desired-node.ts';
import { serviceOf } from '../rke2/roles.ts';
import { findMove } from './find-move.ts';
import { roleChange } from './role-change.ts';

/** A member that goes: for good, or to come back under other roles. */
export interface Departure {
  readonly record: NodeRecord;
  /** As it was a member: its old roles. */
  readonly node: PlannedNode;
  /** null: its host does not answer, or another machine stands at its address. */
  readonly facts: HostFacts | null;
  /** `replaced`: a node of the file takes its name or address over, on another machine. */
  readonly why: 'left-file' | 'replaced' | 'rejoins';
  /** It rejoins because its address is another one, not for its roles. */
  readonly isMove?: boolean;
}

interface Scene {
  readonly cluster: Cluster;
  readonly observed: Observed;
  readonly state: State;
}

/** Who of the cluster goes, and which node of the file takes whose place. */
export interface Membership {
  readonly departures: readonly Departure[];
  /** The file's node in whose place the state still has another machine, by key. */
  readonly replaced: ReadonlyMap<NodeKey, NodeRecord>;
}

/**
 * Holds the state's nodes against the file's, by identity: a node is its machine, wherever it is reached. Where no host
 * answers, address and port stand for it. Many ask, and the answer is the same for the whole plan.
 */
export const resolveMembership = remember(
  (cluster: Cluster, observed: Observed, state: State): Membership => {
    const records = Object.values(state.nodes);
    const places = cluster.nodes.map((spec) => ({ spec, record: recordAt(spec, observed, state) }));
    const held = new Set(places.flatMap(({ record }) => (record === null ? [] : [record.nodeId])));
    const gone = records.filter((record) => !held.has(record.nodeId));
    const replaced = new Map<NodeKey, NodeRecord>();
    for (const { spec, record } of places) {
      // A run that was cut off may have claimed the new machine already.
      if (record !== null && record.phase !== 'staged') continue;
      const former = gone.find((candidate) => standsInFor(spec, observed, candidate));
      if (former !== undefined) replaced.set(spec.key, former);
    }
    const formers = new Set([...replaced.values()].map((record) => record.nodeId));
    return {
      replaced,
      departures: [
        ...places.flatMap(({ spec, record }) => rejoining({ cluster, observed, state }, spec, record)),
        ...gone.map(
          (record): Departure => ({
            record,
            node: formerNode(record),
            facts: factsOfMachine(record, observed, state),
            why: formers.has(record.nodeId) ? 'replaced' : 'left-file',
          }),
        ),
      ],
    };
  },
);

/**
 * The record of the machine that a node of the file is; null where it is none of this cluster yet. One that does not answer is
 * taken for the member of its name, too: its address may have been edited before the machine has come there.
 */
export function recordAt(spec: ClusterNode, observed: Observed, state: State): NodeRecord | null {
  const facts = factsOf(observed, spec.key);
  if (facts !== null) return state.nodes[nodeId(state.clusterId, facts.machineId)] ?? null;
  const records = Object.values(state.nodes);
  return (
    records.find((record) => isAt(spec, record)) ?? records.find(({ name }) => name === spec.name) ?? null
  );
}

/** A member as the steps know it, from what the state remembers. */
export function formerNode(record: NodeRecord): PlannedNode {
  return {
    key: nodeKey(record.address, record.port),
    id: record.nodeId,
    name: record.name,
    address: record.clusterAddress,
    roles: record.roles,
    service: serviceOf(record.roles),
  };
}

function isAt(spec: ClusterNode, record: NodeRecord): boolean {
  return spec.address === record.address && spec.port === record.port;
}

function standsInFor(spec: ClusterNode, observed: Observed, former: NodeRecord): boolean {
  const facts = factsOf(observed, spec.key);
  const name = facts === null ? spec.name : nodeName(spec, facts);
  return isAt(spec, former) || name === former.name;
}

/** A node that was never started has nothing to leave: it just gets its new roles. */
function rejoining(scene: Scene, spec: ClusterNode, record: NodeRecord | null): readonly Departure[] {
  const facts = factsOf(scene.observed, spec.key);
  if (record === null || facts === null) return [];
  const isOther = roleChange(record.roles, spec.roles) === 'rejoin';
  const isMove = findMove(scene, spec)?.how === 'rejoin';
  if (!(isOther && hasRun(record, facts)) && !isMove) return [];
  return [{ record, node: { ...formerNode(record), key: spec.key }, facts, why: 'rejoins', isMove }];
}

function hasRun({ phase }: NodeRecord, { rke2 }: HostFacts): boolean {
  return phase === 'joined' || rke2.etcdData || rke2.caHash !== null;
}

function factsOfMachine(record: NodeRecord, observed: Observed, state: State): HostFacts | null {
  const facts = factsOf(observed, nodeKey(record.address, record.port));
  return facts !== null && nodeId(state.clusterId, facts.machineId) === record.nodeId ? facts : null;
}
