import type { Cluster, ClusterNode, NodeKey } from '../../domain/cluster.ts';
import type { ApiNode, EtcdMember, HostFacts, HostObservation, Observed } from '../../domain/observed.ts';
import type { NodeRecord, State } from '../../domain/state.ts';
import { contentStamp } from '../../lib/content-stamp.ts';
import { sha256 } from '../../lib/hash.ts';
import { chooseBootstrap } from '../../plan/choose-bootstrap.ts';
import { leavingSpecs } from '../../plan/leaving-specs.ts';
import { type DesiredInput, desiredNode } from '../../render/desired-node.ts';
import { nodeTaints } from '../../render/node-taints.ts';
import { startStamp } from '../../render/start-stamp.ts';
import { CIS_SYSCTLS, INOTIFY } from '../../rke2/requirements.ts';
import { recordOf } from '../nodes/find-node.ts';
import { assumeFacts } from '../plan/assumed-facts.ts';

/** Hosts as the last run must have left them, and the state with the stamps that belong to that. */
export interface RememberedHosts {
  readonly observed: Observed;
  readonly state: State;
  /** What stands in each file of ours, by host and path; null where that is not known. */
  readonly files: Readonly<Record<NodeKey, Readonly<Record<string, string | null>>>>;
}

/** What would be installed: every host is taken to be of its architecture. */
export interface AssumedRelease {
  readonly version: string;
  readonly arch: string;
  readonly artifacts: DesiredInput['artifacts'];
}

interface Remembered {
  readonly spec: ClusterNode;
  readonly record: NodeRecord | null;
}

/**
 * Takes the state at its word: every member runs, with the files that `former`, the cluster as it was last asked for, gave
 * it; hosts of which the state knows nothing are blank. Nobody is asked.
 */
export function rememberHosts(
  cluster: Cluster,
  former: Cluster,
  state: State,
  release: AssumedRelease,
): RememberedHosts {
  const specs = [...cluster.nodes, ...leavingSpecs(cluster, state)];
  const remembered = specs.map((spec): Remembered => ({ spec, record: recordOf(state, spec) }));
  const blank: Observed = {
    hosts: Object.fromEntries(
      remembered.map(({ spec, record }): [NodeKey, HostObservation] => [
        spec.key,
        { reachable: true, facts: { ...withoutFiles(spec, record, former), arch: release.arch } },
      ]),
    ),
  };
  const input: DesiredInput = {
    version: release.version,
    cluster: former,
    observed: blank,
    state,
    bootstrapKey: chooseBootstrap(former, blank, state),
    artifacts: release.artifacts,
  };
  const written = remembered.flatMap(({ spec, record }) =>
    record === null
      ? []
      : [rememberHost(input, former.nodes.find(({ key }) => key === spec.key) ?? spec, record)],
  );
  const view = clusterView(former, remembered);
  const hosts = written.map(({ key, record, facts }): [NodeKey, HostObservation] => [
    key,
    { reachable: true, facts: { ...facts, rke2: { ...facts.rke2, ...seenBy(record, view) } } },
  ]);
  const records = written.map(({ record }) => [record.nodeId, record] as const);
  return {
    observed: { hosts: { ...blank.hosts, ...Object.fromEntries(hosts) } },
    state: { ...state, nodes: { ...state.nodes, ...Object.fromEntries(records) } },
    files: Object.fromEntries(written.map(({ key, contents }) => [key, contents])),
  };
}

/** What was prepared once stays so. */
function withoutFiles(spec: ClusterNode, record: NodeRecord | null, { prepare }: Cluster): HostFacts {
  const facts = assumeFacts(spec, record);
  if (record === null) return facts;
  return {
    ...facts,
    networkManager: { ...facts.networkManager, unmanagedFile: prepare.includes('network-manager') },
    sysctls: prepare.includes('cis-sysctl') ? CIS_SYSCTLS : {},
    users: { etcd: prepare.includes('cis-user') },
    inotify: prepare.includes('inotify') ? INOTIFY : facts.inotify,
  };
}

interface WrittenHost {
  readonly key: NodeKey;
  readonly record: NodeRecord;
  readonly facts: HostFacts;
  readonly contents: Readonly<Record<string, string | null>>;
}

function rememberHost(
  { version, ...input }: DesiredInput,
  spec: ClusterNode,
  record: NodeRecord,
): WrittenHost {
  const host = input.observed.hosts[spec.key];
  const facts = host?.reachable === true ? host.facts : assumeFacts(spec, record);
  const was = { ...spec, roles: record.roles };
  // Of another release nobody knows any more what it brought.
  const artifacts = record.version === version ? input.artifacts : {};
  const desired = desiredNode({ ...input, version: record.version, artifacts }, was, facts);
  const { files, marker, prefix, planned, images, ttlSeconds } = desired;
  const joined = record.phase === 'joined';
  const unit = { exists: true, active: joined ? 'active' : 'inactive', enabled: joined, path: null };
  const isServer = planned.service === 'rke2-server';
  const rke2: HostFacts['rke2'] = {
    ...facts.rke2,
    binaries: [{ path: `${prefix}/bin/rke2`, version: record.version }],
    server: isServer ? unit : facts.rke2.server,
    agent: isServer ? facts.rke2.agent : unit,
    marker,
    files: Object.fromEntries(
      files.map(({ path, mode, content }) => [path, { sha256: sha256(content ?? ''), mode }]),
    ),
    images: images.map((image) => ({ ...image, mtime: contentStamp(image.sha256) })),
    etcdData: joined && record.roles.includes('etcd'),
    caHash: joined ? input.state.caHash : null,
    ...(ttlSeconds === null ? {} : { ttl: { remainingSeconds: ttlSeconds, armed: true } }),
  };
  const stamp =
    record.startedWith === undefined || record.startedWith === ''
      ? {}
      : { startedWith: startStamp(record.version, files) };
  return {
    key: spec.key,
    record: { ...record, ...stamp },
    facts: { ...facts, rke2 },
    contents: Object.fromEntries(files.map(({ path, content }) => [path, content])),
  };
}

interface ClusterView {
  readonly nodes: readonly ApiNode[];
  readonly members: readonly EtcdMember[];
}

function clusterView(former: Cluster, remembered: readonly Remembered[]): ClusterView {
  const joined = remembered.flatMap(({ spec, record }) =>
    record?.phase === 'joined'
      ? [{ record, spec: former.nodes.find(({ key }) => key === spec.key) ?? spec }]
      : [],
  );
  return {
    nodes: joined.map(({ record, spec }) => ({
      name: record.name,
      ready: true,
      reason: '',
      roles: record.roles,
      version: record.version,
      internalAddresses: [record.clusterAddress],
      labels: spec.labels,
      taints: nodeTaints({ ...spec, roles: record.roles }),
      unschedulable: false,
      drainedByUs: false,
      etcdVoter: record.roles.includes('etcd') ? true : null,
    })),
    members: joined
      .filter(({ record }) => record.roles.includes('etcd'))
      .map(({ record }) => ({
        id: record.nodeId,
        name: `${record.name}-${record.nodeId.slice(0, 8)}`,
        peerUrls: [`https://${record.clusterAddress}:2380`],
        isLearner: false,
      })),
  };
}

function seenBy({ phase, roles }: NodeRecord, { nodes, members }: ClusterView) {
  const joined = phase === 'joined';
  return {
    apiAnswers: joined && roles.includes('controlplane'),
    nodes: joined && roles.includes('controlplane') ? nodes : null,
    members: joined && roles.includes('etcd') ? members : null,
  };
}
