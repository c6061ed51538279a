import type { ClusterNode } from '../../domain/cluster.ts';
import { nodeId } from '../../domain/node-identity.ts';
import type { PlannedNode } from '../../domain/plan.ts';
import type { NodeRecord } from '../../domain/state.ts';
import { factsOf, plannedNode } from '../../render/desired-node.ts';
import { isServer } from '../../rke2/roles.ts';
import { recordAt } from '../membership.ts';
import type { MaintenanceInput } from './maintenance-input.ts';

type Scene = Pick<MaintenanceInput, 'cluster' | 'observed' | 'state'>;

/** Who takes part when etcd is made anew. */
export interface Participants {
  /** Reached servers on which RKE2 is installed; etcd nodes first, each as they stand in the file. */
  readonly servers: readonly PlannedNode[];
  readonly agents: readonly PlannedNode[];
  /** Names of machines that were never in service in this cluster. */
  readonly fresh: readonly string[];
  /** Servers of the file that were not reached. They keep databases of before, if they come back. */
  readonly leftBehind: readonly NodeRecord[];
  /** Agents of the file that were not reached; they find the cluster again by themselves. */
  readonly awayAgents: readonly NodeRecord[];
  /** Members that the file does not name, or in whose place another machine stands. */
  readonly forgotten: readonly NodeRecord[];
  /** Reached nodes of the file that are not ready to take part: `up` has not been there. */
  readonly unprepared: readonly ClusterNode[];
}

/** Sorts the nodes of the file, and the members that the state knows beside them. */
export function participants(scene: Scene): Participants {
  const { cluster, observed, state } = scene;
  const places = cluster.nodes.map((spec) => ({ spec, record: recordAt(spec, observed, state) }));
  const held = new Set(places.flatMap(({ record }) => (record === null ? [] : [record.nodeId])));
  const ready = places.flatMap(({ spec, record }) => takePart(scene, spec, record));
  const away = places.flatMap(({ spec, record }) =>
    record !== null && factsOf(observed, spec.key) === null ? [record] : [],
  );
  const servers = ready.filter(({ node }) => isServer(node.roles));
  const hasEtcd = ({ node }: Ready) => node.roles.includes('etcd');
  return {
    servers: [...servers.filter(hasEtcd), ...servers.filter((each) => !hasEtcd(each))].map(
      ({ node }) => node,
    ),
    agents: ready.filter(({ node }) => !isServer(node.roles)).map(({ node }) => node),
    fresh: ready.filter(({ isFresh }) => isFresh).map(({ node }) => node.name),
    leftBehind: away.filter(({ roles }) => isServer(roles)),
    awayAgents: away.filter(({ roles }) => !isServer(roles)),
    forgotten: Object.values(state.nodes).filter(({ nodeId: id }) => !held.has(id)),
    unprepared: cluster.nodes.filter(
      ({ key }) => factsOf(observed, key) !== null && !ready.some(({ node }) => node.key === key),
    ),
  };
}

interface Ready {
  readonly node: PlannedNode;
  readonly isFresh: boolean;
}

function takePart(
  { observed, state }: Scene,
  spec: ClusterNode,
  record: NodeRecord | null,
): readonly Ready[] {
  const facts = factsOf(observed, spec.key);
  if (facts === null || record === null) return [];
  // A server that was left behind has been in service, and its Node may still be known.
  const wasMember = record.phase === 'joined' || record.leftBehind !== undefined;
  const roles = wasMember ? record.roles : spec.roles;
  const { server, agent } = facts.rke2;
  if (!(isServer(roles) ? server : agent).exists) return [];
  const node = plannedNode({ ...spec, roles }, facts, state.clusterId);
  return [{ node, isFresh: !wasMember }];
}

/** The id by which the state knows a node of the file that was reached; null for one that was not. */
export function idOfNode({ observed, state }: Scene, { key }: ClusterNode): string | null {
  const facts = factsOf(observed, key);
  return facts === null ? null : nodeId(state.clusterId, facts.machineId);
}
