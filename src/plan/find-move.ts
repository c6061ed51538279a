import { isIP } from 'node:net';
import type { Cluster, ClusterNode } from '../domain/cluster.ts';
import { bracketed, clusterAddress, nodeId } from '../domain/node-identity.ts';
import type { EtcdMember, HostFacts, Observed } from '../domain/observed.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { remember } from '../lib/remember.ts';
import { factsOf } from '../render/desired-node.ts';
import { isDualStack, nodeAddresses, otherAddress } from '../render/node-addresses.ts';
import { isServer } from '../rke2/roles.ts';
import { findMember } from './find-member.ts';
import { roleChange } from './role-change.ts';

/** What a member's machine needs since it has another address than before. */
export interface Move {
  /**
   * `reset`: it is etcd's only member, which is made anew under the new address; `rejoin`: other members know it by the old
   * one, so it leaves and joins anew; `restart`: its service starts anew, and that is all.
   */
  readonly how: 'reset' | 'rejoin' | 'restart';
  readonly record: NodeRecord;
  /** null: an earlier run has noted the new one already, and nothing tells the old one any more. */
  readonly from: string | null;
  readonly to: string;
}

interface Scene {
  readonly cluster: Cluster;
  readonly observed: Observed;
  readonly state: State;
}

/**
 * The move of the machine that a node of the file is, if it was in service and has another address now. etcd's own word
 * counts for its members; where it does not answer, what the state remembers. A worker whose address the file pins is none:
 * it is changed like any other setting.
 */
export function findMove({ cluster, observed, state }: Scene, spec: ClusterNode): Move | null {
  return allMoves(cluster, observed, state).get(spec) ?? null;
}

/** Many ask, and the answer is the same for the whole plan. */
const allMoves = remember(
  (cluster: Cluster, observed: Observed, state: State): ReadonlyMap<ClusterNode, Move> =>
    new Map(
      cluster.nodes.flatMap((spec) => {
        const move = judge({ cluster, observed, state }, spec);
        return move === null ? [] : [[spec, move] as const];
      }),
    ),
);

function judge(scene: Scene, spec: ClusterNode): Move | null {
  const { cluster, observed, state } = scene;
  const facts = factsOf(observed, spec.key);
  const record = facts === null ? undefined : state.nodes[nodeId(state.clusterId, facts.machineId)];
  if (facts === null || record?.phase !== 'joined' || state.removing) return null;
  if (roleChange(record.roles, spec.roles) === 'rejoin') return null;
  const to = clusterAddress(spec, facts);
  // Of a host that has no address that we could see RKE2 alone knows it.
  if (isIP(to) === 0) return null;
  const moved = (how: Move['how'], from: string | null): Move => ({ how, record, from, to });
  const noted = record.clusterAddress === to ? null : record.clusterAddress;
  const isMoving = noted !== null || record.moving !== undefined;
  if (record.roles.includes('etcd') && !cluster.externalDatastore) {
    const member = findMember(observed, record.name);
    const known = member === null ? null : foreignAddress(member, listenAddress(cluster, spec, facts));
    const isForeign = known !== null && (noted !== null || !hasAddress(facts, known));
    const isMoved = record.moving !== undefined || isForeign || (member === null && noted !== null);
    return isMoved ? moved(isAlone(scene, record) ? 'reset' : 'rejoin', known ?? noted) : null;
  }
  if (!isServer(record.roles) && spec.follow !== true) return null;
  return isMoving ? moved('restart', noted) : null;
}

/** Whether the file says that this is meant: the new address itself, or that it may be any. */
export function isMoveAsked({ record, from, to }: Move, spec: ClusterNode): boolean {
  const isNamed = spec.address === to || spec.internalAddress === to;
  // An earlier run had the person's word for it.
  return isNamed || spec.follow === true || record.moving !== undefined || from === null;
}

/** What the state calls this move, however often it is gone on with. */
export function moveName({ record }: Pick<Move, 'record'>, { serial }: Pick<State, 'serial'>): string {
  return record.moving ?? `moved-${serial}`;
}

/**
 * Ids of the nodes that the move cuts off. With etcd's only member all others: its database can be reached nowhere else.
 * With any other server the agents, if no control plane stays from which they could learn the new address.
 */
export function strandedBy({ how, record }: Move, { nodes }: State): readonly string[] {
  if (how === 'rejoin' || !isServer(record.roles)) return [];
  const others = Object.values(nodes).filter(
    (each) => each.nodeId !== record.nodeId && each.phase === 'joined',
  );
  const stays = others.some(({ roles, moving }) => roles.includes('controlplane') && moving === undefined);
  const cutOff = how === 'reset' ? others : stays ? [] : others.filter(({ roles }) => !isServer(roles));
  return cutOff.map((each) => each.nodeId).sort();
}

/** etcd listens on the first address that RKE2 is told as `node-ip`. */
function listenAddress({ network }: Cluster, spec: ClusterNode, facts: HostFacts): string {
  const address = clusterAddress(spec, facts);
  const other = isDualStack(network) ? otherAddress(spec, address, facts) : null;
  return nodeAddresses(network, address, other)[0] ?? address;
}

/** The address by which etcd knows a member, if that is not `address`. */
function foreignAddress({ peerUrls }: EtcdMember, address: string): string | null {
  if (peerUrls.length === 0 || peerUrls.includes(`https://${bracketed(address)}:2380`)) return null;
  return (peerUrls[0] ?? '').replace(/^https?:\/\/\[?/, '').replace(/\]?:\d+$/, '');
}

/** A second address that etcd was told to use, and still can, is no move. */
function hasAddress({ addresses }: HostFacts, address: string): boolean {
  return addresses.some((own) => own.address === address);
}

/** True when etcd has no other member: as it says itself, else as the state remembers. */
function isAlone({ observed, state }: Scene, record: NodeRecord): boolean {
  const member = findMember(observed, record.name);
  if (member !== null) return member.count === 1;
  return !Object.values(state.nodes).some(
    (each) => each.nodeId !== record.nodeId && each.phase === 'joined' && each.roles.includes('etcd'),
  );
}
