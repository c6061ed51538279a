import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nodeId, nodeName } from '../domain/node-identity.ts';
import type { Observed } from '../domain/observed.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { factsOf } from '../render/desired-node.ts';
import { DATA_DIR } from '../rke2/paths.ts';
import { isServer } from '../rke2/roles.ts';
import { checkOwnCa } from './check-own-ca.ts';
import { checkVersion } from './check-version.ts';
import { findMove } from './find-move.ts';
import { roleChange } from './role-change.ts';

/**
 * What the file asks for that this cluster, as the state knows it, cannot become by an `up`: changes of what RKE2 fixes
 * at its first boot, names, versions that Kubernetes cannot go to, data gone from a host. Errors all; none of them touches a host.
 */
export function checkState(
  cluster: Cluster,
  observed: Observed,
  state: State,
  version: string,
): readonly Diagnostic[] {
  if (state.removing) return [removeUnfinished()];
  if (state.bootstrapNodeId === null && Object.keys(state.nodes).length === 0) return [];
  const begun = hasBegun(cluster, observed, state);
  const moved = begun ? checkDataDir(cluster, observed, state) : [];
  return [
    ...moved,
    ...(begun ? [...checkImmutable(cluster, state), ...checkDatastore(cluster, state)] : []),
    ...(begun ? checkOwnCa(cluster, state) : []),
    ...(begun ? checkVersion(observed, state, version) : []),
    ...checkNames(cluster, observed, state),
    // Where nobody looks for the data, none is missed.
    ...(moved.length > 0 ? [] : checkData(cluster, observed, state)),
    ...checkJoinable(cluster, observed, state),
  ];
}

/**
 * True once RKE2 has run: a member was seen READY, or one has a database although no run lived to see it. With an
 * external datastore the CA on the disk counts: it lies there, too, before anything else does.
 */
export function hasBegun(cluster: Cluster, observed: Observed, state: State): boolean {
  if (Object.values(state.nodes).some((record) => record.phase === 'joined')) return true;
  return cluster.nodes.some((node) => {
    const facts = factsOf(observed, node.key);
    if (facts === null || state.nodes[nodeId(state.clusterId, facts.machineId)] === undefined) return false;
    return facts.rke2.etcdData || (cluster.externalDatastore && facts.rke2.caHash !== null);
  });
}

/** Some hosts are clean, others still hold data of the cluster: a new one between them would be torn in two. */
function removeUnfinished(): Diagnostic {
  return {
    severity: 'error',
    code: 'remove-unfinished',
    message: 'A `rke2ctl remove` of this cluster was begun and has not come to its end on every host.',
    hint: 'Run `rke2ctl remove` until every host is clean (`--ignore-unreachable` forgets those that are gone for good); then `rke2ctl up` makes the cluster anew.',
  };
}

function checkImmutable(cluster: Cluster, state: State): readonly Diagnostic[] {
  const before = state.desired?.['network'] as Cluster['network'] | undefined;
  if (before === undefined) return [];
  const names = {
    cni: 'network.plugin',
    clusterCidr: 'services.kube-controller.cluster_cidr',
    serviceCidr: 'services.kube-api.service_cluster_ip_range',
    clusterDns: 'services.kubelet.cluster_dns_server',
    clusterDomain: 'services.kubelet.cluster_domain',
  } as const;
  return (Object.keys(names) as (keyof typeof names)[])
    .filter((key) => !isDeepStrictEqual(before[key], cluster.network[key]))
    .map((key) => ({
      severity: 'error' as const,
      code: 'immutable-changed',
      path: names[key],
      message: `${names[key]} is now ${text(cluster.network[key])}, but this cluster was made with ${text(before[key])}, and RKE2 cannot change it after the first boot.`,
      hint: `Put ${text(before[key])} back, or make a new cluster for the new value.`,
    }));
}

/**
 * Nothing moves RKE2's data, and a node that finds none would begin anew. Markers tell where the data is even when the
 * state was made again; a state of the first releases, which knew one place only, does not say it.
 */
function checkDataDir(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  const places = cluster.nodes.flatMap((node) => {
    const facts = factsOf(observed, node.key);
    const marker = facts?.rke2.marker ?? null;
    const isMember = facts !== null && isJoined(state, facts.machineId);
    return isMember && marker !== null && marker !== 'unreadable' ? [marker.dataDir] : [];
  });
  const said = state.desired === null ? undefined : (state.desired['dataDir'] ?? DATA_DIR);
  const before = [said, ...places].find((place) => typeof place === 'string' && place !== cluster.dataDir);
  if (typeof before !== 'string') return [];
  return [
    {
      severity: 'error',
      code: 'immutable-changed',
      path: 'prefix_path',
      message: `RKE2's data directory would now be ${cluster.dataDir}, but this cluster has its data in ${before}, and it cannot be moved.`,
      hint: 'Put prefix_path back as it was, or make a new cluster.',
    },
  ];
}

function isJoined(state: State, machineId: string): boolean {
  return state.nodes[nodeId(state.clusterId, machineId)]?.phase === 'joined';
}

/** RKE2 moves no data between its own etcd and another datastore. */
function checkDatastore(cluster: Cluster, state: State): readonly Diagnostic[] {
  const before = state.desired?.['externalDatastore'];
  if (typeof before !== 'boolean' || before === cluster.externalDatastore) return [];
  const kind = (external: boolean) => (external ? 'an external datastore' : 'etcd on its own nodes');
  return [
    {
      severity: 'error',
      code: 'immutable-changed',
      path: 'datastore',
      message: `The file asks for ${kind(cluster.externalDatastore)}, but this cluster was made with ${kind(before)}, and RKE2 cannot move its data from one to the other.`,
      hint: `Put ${before ? '`datastore` (or `services.etcd.external_urls`)' : 'the role `etcd` of its nodes'} back, or make a new cluster and bring your workloads over.`,
    },
  ];
}

function checkNames(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  return cluster.nodes.flatMap((node): Diagnostic[] => {
    const facts = factsOf(observed, node.key);
    const record = facts === null ? undefined : state.nodes[nodeId(state.clusterId, facts.machineId)];
    if (facts === null || record?.phase !== 'joined') return [];
    const name = nodeName(node, facts);
    return name === record.name ? [] : [renamed(record, name)];
  });
}

function renamed(record: NodeRecord, name: string): Diagnostic {
  return {
    severity: 'error',
    code: 'node-renamed',
    node: record.name,
    message: `${record.name} (${record.address}) joined under that name and would now be called ${name}. To Kubernetes and etcd that is another node.`,
    hint: `Write hostname_override: ${record.name} for it; the host itself may be called as it likes.`,
  };
}

/** A server that was a member and has lost its etcd must never come back as the founder of a second cluster. */
function checkData(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  return cluster.nodes.flatMap((node): Diagnostic[] => {
    const facts = factsOf(observed, node.key);
    if (facts === null || facts.rke2.etcdData) return [];
    const record = state.nodes[nodeId(state.clusterId, facts.machineId)];
    if (record?.phase !== 'joined' || !record.roles.includes('etcd')) return [];
    // It leaves and joins anew: then it needs none, and a run that was cut off may have deleted it already.
    if (roleChange(record.roles, node.roles) === 'rejoin') return [];
    if (findMove({ cluster, observed, state }, node)?.how === 'rejoin') return [];
    return [
      {
        severity: 'error',
        code: 'etcd-data-lost',
        node: record.name,
        message: `${record.name} was an etcd member of this cluster, and its database is no longer on the disk. Starting it now could found a second, empty cluster.`,
        hint: `Bring ${cluster.dataDir}/server/db back (was a disk not mounted?). If the data of all servers is gone for good, restore a snapshot: \`rke2ctl etcd snapshot-restore\`; if only that of this one is, take it out of the file, run \`rke2ctl up\`, and put it back.`,
      },
    ];
  });
}

/** Whoever starts with nobody to join would found a second cluster, or wait in vain. */
function checkJoinable(cluster: Cluster, observed: Observed, state: State): readonly Diagnostic[] {
  const servers = Object.values(state.nodes).filter(
    (record) =>
      record.nodeId === state.bootstrapNodeId || (record.phase === 'joined' && isServer(record.roles)),
  );
  if (servers.length === 0) return [];
  const reached = Object.values(observed.hosts).flatMap((host) =>
    host.reachable ? [nodeId(state.clusterId, host.facts.machineId)] : [],
  );
  const isNew = (id: string) => id !== state.bootstrapNodeId && state.nodes[id]?.phase !== 'joined';
  if (!reached.some(isNew) || servers.some((record) => reached.includes(record.nodeId))) return [];
  const names = servers.map((record) => `${record.name} (${record.address})`).join(', ');
  const danger = cluster.externalDatastore
    ? 'Without them nothing shows that the datastore still holds this cluster, and a new server could found another one in it.'
    : 'Without them a new node could only found a second, empty cluster.';
  const rescue = cluster.externalDatastore
    ? 'take the rest away with `rke2ctl remove --ignore-unreachable` and make the cluster anew'
    : 'restore a snapshot onto the machines of the file: `rke2ctl etcd snapshot-restore FILE`';
  return [
    {
      severity: 'error',
      code: 'no-member-left',
      message: `Nodes are to join this cluster, and none of its own servers was found: ${names}. Either they do not answer, or another machine, perhaps a reinstalled one, stands in their place. ${danger}`,
      hint: `Bring one of them back, with its disk, and run \`rke2ctl up\` again. If they are gone for good, ${rescue}.`,
    },
  ];
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
