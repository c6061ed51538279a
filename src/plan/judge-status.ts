import type { ClusterNode } from '../domain/cluster.ts';
import type {
  ClusterStatus,
  EtcdStatus,
  MemberStatus,
  NodeState,
  NodeStatus,
  StatusProblem,
} from '../domain/cluster-status.ts';
import { bracketed, clusterAddress, nodeName } from '../domain/node-identity.ts';
import type { ApiNode, HostFacts, Observed } from '../domain/observed.ts';
import { factsOf } from '../render/desired-node.ts';
import { serviceOf } from '../rke2/roles.ts';
import type { StatusInput } from './status-input.ts';
import { statusProblems } from './status-problems.ts';

const DAY_MS = 86_400_000;

/** How the cluster is, from what hosts, etcd and the API say; whoever was not reached is told as such. */
export function judgeStatus(input: StatusInput): ClusterStatus {
  const { cluster, state, health, drift } = input;
  const listed = apiNodes(input);
  const nodes = cluster.nodes.map((node) => nodeStatus(input, node, listed));
  const etcd = etcdStatus(input);
  const problems: readonly StatusProblem[] = statusProblems({ ...input, nodes, etcd, listed });
  const snapshots = cluster.nodes.flatMap((node) =>
    (health.get(node.key)?.snapshots ?? []).map((snapshot) => ({
      ...snapshot,
      node: snapshot.location === 'local' ? nameOf(input, node) : null,
    })),
  );
  return {
    clusterName: cluster.name,
    version: cluster.version ?? state?.version ?? null,
    healthy: problems.every(({ severity }) => severity !== 'error'),
    nodes,
    etcd,
    lastSnapshot: snapshots.sort((one, other) => other.createdAt - one.createdAt)[0] ?? null,
    drift,
    problems,
    ...goesIn(input),
  };
}

/** The first of its hosts to go decides. */
function goesIn({ cluster, observed }: StatusInput): Pick<ClusterStatus, 'goesInSeconds'> {
  const times = cluster.nodes.flatMap(({ key }) => factsOf(observed, key)?.rke2.ttl?.remainingSeconds ?? []);
  return times.length === 0 ? {} : { goesInSeconds: Math.max(0, Math.min(...times)) };
}

/** A server that still has its etcd is believed before one that was cut off. */
function apiNodes({ cluster, health }: StatusInput): readonly ApiNode[] | null {
  const answers = cluster.nodes.flatMap(({ key }) => health.get(key) ?? []);
  const best = answers.find(({ nodes, etcd }) => nodes !== null && etcd?.quorate === true);
  return (best ?? answers.find(({ nodes }) => nodes !== null))?.nodes ?? null;
}

/** Of a host that was not reached: as file or state call it. */
function nameOf({ observed, state }: StatusInput, node: ClusterNode): string {
  const facts = factsOf(observed, node.key);
  if (facts !== null) return nodeName(node, facts);
  const record = Object.values(state?.nodes ?? {}).find(
    ({ address, port }) => address === node.address && port === node.port,
  );
  return node.name ?? record?.name ?? node.address;
}

function nodeStatus(input: StatusInput, node: ClusterNode, listed: readonly ApiNode[] | null): NodeStatus {
  const { observed, health, drift, now } = input;
  const facts = factsOf(observed, node.key);
  const name = nameOf(input, node);
  const own = listed?.find((each) => each.name === name);
  const certificate = health.get(node.key)?.certificate ?? null;
  const installed = facts?.rke2.binaries[0]?.version ?? null;
  return {
    key: node.key,
    name,
    roles: node.roles,
    state: stateOf(node, facts, listed, own),
    version: facts === null ? (own?.version ?? null) : (own?.version ?? installed),
    unschedulable: own?.unschedulable ?? false,
    certificateDays: certificate === null ? null : Math.floor((certificate.expiresAt - now) / DAY_MS),
    differs: facts === null || !drift.known ? null : drift.nodes.includes(name),
  };
}

function stateOf(
  node: ClusterNode,
  facts: HostFacts | null,
  listed: readonly ApiNode[] | null,
  own: ApiNode | undefined,
): NodeState {
  if (facts === null) return 'unreachable';
  const unit = serviceOf(node.roles) === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
  if (!unit.exists) return 'absent';
  if (unit.active === 'inactive' || unit.active === 'failed') return 'stopped';
  if (listed === null) return 'unknown';
  if (own === undefined) return 'missing';
  return own.ready ? 'ready' : 'not-ready';
}

/** null where the data lies outside. Where no member speaks, the nodes that are to have one are named. */
function etcdStatus(input: StatusInput): EtcdStatus | null {
  const { cluster, health, observed } = input;
  if (cluster.externalDatastore) return null;
  const answers = cluster.nodes.flatMap((node) => {
    const etcd = health.get(node.key)?.etcd ?? null;
    return etcd === null ? [] : [{ node, etcd }];
  });
  // A member that was cut off may not know yet who came or went.
  const teller = answers.find(({ etcd }) => etcd.quorate && etcd.members.length > 0) ?? answers[0];
  if (teller === undefined) {
    const owners = cluster.nodes.filter(({ roles }) => roles.includes('etcd'));
    return { quorum: null, members: owners.map((node) => silent(nameOf(input, node))) };
  }
  const members = teller.etcd.members.map((member): MemberStatus => {
    const answer = answers.find(({ etcd }) => etcd.memberId === member.id);
    const owner = answer?.node ?? cluster.nodes.find((node) => hasPeer(node, observed, member.peerUrls));
    const name = owner === undefined ? member.name || member.peerUrls.join() : nameOf(input, owner);
    const learner = member.isLearner;
    const base = { ...silent(name), learner, leader: teller.etcd.leaderId === member.id };
    if (answer === undefined) return base;
    const { version, dbSizeBytes, quorate } = answer.etcd;
    return { ...base, version, dbSizeBytes, health: quorate || learner ? 'healthy' : 'no-quorum' };
  });
  const quorum = answers.some(({ etcd }) => etcd.quorate);
  return { quorum, members: quorum ? members : members.map((member) => ({ ...member, leader: false })) };
}

function silent(name: string): MemberStatus {
  return { name, health: 'silent', leader: false, learner: false, version: null, dbSizeBytes: null };
}

/** By the address that the node has in the cluster; of a host that was not reached, by what the file says. */
function hasPeer(node: ClusterNode, observed: Observed, urls: readonly string[]): boolean {
  const facts = factsOf(observed, node.key);
  const address = facts === null ? (node.internalAddress ?? node.address) : clusterAddress(node, facts);
  return urls.includes(`https://${bracketed(address)}:2380`);
}
