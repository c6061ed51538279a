import type { Cluster, ClusterNode, NodeKey, Preparation } from '../domain/cluster.ts';
import type { ArtifactRef, FirewallRecord, InstalledRecord, Marker } from '../domain/marker.ts';
import { clusterAddress, nodeId, nodeName } from '../domain/node-identity.ts';
import type { HostFacts, Observed } from '../domain/observed.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import type { NodeRecord, State } from '../domain/state.ts';
import { ttlSecondsOf } from '../domain/time-to-live.ts';
import { remember } from '../lib/remember.ts';
import { canFound, serviceOf } from '../rke2/roles.ts';
import { applyAdoption } from './adopted-files.ts';
import { renderFirewall } from './firewall-rules.ts';
import type { AddonTexts } from './manifests.ts';
import { isDualStack, nodeAddresses, otherAddress } from './node-addresses.ts';
import { renderNodeFiles } from './node-files.ts';
import { filesToPrepare, isPreparationFile } from './preparations.ts';
import type { RenderedFile } from './rendered-file.ts';

/** What the whole cluster is to look like, as far as single nodes are made from it. */
export interface DesiredInput {
  readonly cluster: Cluster;
  readonly observed: Observed;
  readonly state: State;
  readonly version: string;
  /** The node that bootstraps, or once did and is still there; null when none of the file's nodes did. */
  readonly bootstrapKey: NodeKey | null;
  /** Release files by architecture; empty lists where the script downloads them. */
  readonly artifacts: Readonly<Record<string, SelectedArtifacts>>;
  /** What was fetched of the addons that stand at a URL; without a text the addon's file is not known yet. */
  readonly addonTexts?: AddonTexts;
  /** Cluster addresses of members that go in this run: until they have gone every node must let them in. */
  readonly leavingAddresses?: readonly string[];
}

/** The files of a release that a host of one architecture gets. */
export interface SelectedArtifacts {
  readonly tarball: ArtifactRef | null;
  readonly images: readonly ArtifactRef[];
  /** The URL that hosts fetch them from, without query; absent where they are sent. */
  readonly from?: string;
}

/** One node as it must become: its name and address, its files, firewall rules and marker. */
export interface DesiredNode {
  readonly spec: ClusterNode;
  readonly planned: PlannedNode;
  readonly bootstraps: boolean;
  readonly prefix: string;
  readonly prepare: readonly Preparation[];
  readonly images: readonly ArtifactRef[];
  readonly tarball: ArtifactRef | null;
  readonly from?: string;
  readonly files: readonly RenderedFile[];
  /** Files of the host's own that an adoption found and that still say what ours would. */
  readonly standing: readonly string[];
  /** After how many seconds its host is to take the cluster away by itself; null: never. */
  readonly ttlSeconds: number | null;
  readonly firewall: FirewallRecord | null;
  /** The same as long as members are there that go in this run. */
  readonly passage: FirewallRecord | null;
  readonly marker: Marker;
}

/** The node as the steps know it: identity by machine, name and address as the host's facts complete the file. */
export function plannedNode(spec: ClusterNode, facts: HostFacts, clusterId: string): PlannedNode {
  return {
    key: spec.key,
    id: nodeId(clusterId, facts.machineId),
    name: nodeName(spec, facts),
    address: clusterAddress(spec, facts),
    roles: spec.roles,
    service: serviceOf(spec.roles),
  };
}

/** What `spec` must look like on its host. The host must have been reached: its facts complete the file. */
export function desiredNode(input: DesiredInput, spec: ClusterNode, facts: HostFacts): DesiredNode {
  const { cluster, state, version } = input;
  const single = plannedNode(spec, facts, state.clusterId);
  const other = isDualStack(cluster.network) ? otherAddress(spec, single.address, facts) : null;
  const planned = other === null ? single : { ...single, otherAddress: other };
  const bootstraps = input.bootstrapKey === spec.key;
  const artifacts = input.artifacts[facts.arch] ?? { tarball: null, images: [] };
  const prefix = installPrefix(cluster, facts);
  const rendered = renderNodeFiles({
    config: {
      cluster,
      node: planned,
      spec,
      version,
      nodeAddresses: spec.follow === true ? [] : nodeAddresses(cluster.network, planned.address, other),
      externalAddress: externalAddress(spec, facts),
      registration: registrationHost(input, spec),
    },
    bootstraps,
    founds: bootstraps && state.caHash === null && !facts.rke2.etcdData,
    state,
    addonTexts: input.addonTexts ?? {},
  });
  const { files, standing } = applyAdoption(state.nodes[planned.id]?.adopted, rendered, facts);
  const firewall = desiredFirewall(input, spec.roles, facts);
  const others = input.leavingAddresses ?? NO_OTHERS;
  const passage = others.length === 0 ? firewall : desiredFirewall(input, spec.roles, facts, others);
  const installed: InstalledRecord = {
    method: cluster.install.method,
    package: cluster.install.package,
    prefix,
    images: artifacts.images,
  };
  const marker: Marker = {
    schemaVersion: 1,
    clusterId: state.clusterId,
    clusterName: cluster.name,
    nodeId: planned.id,
    machineId: facts.machineId,
    name: planned.name,
    roles: spec.roles,
    version,
    installed,
    dataDir: cluster.dataDir,
    files: ownedFiles(facts, [
      ...[...files.filter(({ founding }) => founding !== true).map((file) => file.path), ...standing],
      ...filesToPrepare(cluster.prepare, facts),
    ]),
    firewall,
  };
  return {
    spec,
    planned,
    bootstraps,
    prefix,
    prepare: cluster.prepare,
    ...artifacts,
    files,
    standing,
    ttlSeconds: ttlSecondsOf(cluster, state.desired),
    firewall,
    passage,
    marker,
  };
}

/** What is ours on the host: what this run brings, and the preparations of earlier ones, which stay. */
function ownedFiles(facts: HostFacts, brought: readonly string[]): readonly string[] {
  const { marker } = facts.rke2;
  const before = marker === null || marker === 'unreadable' ? [] : marker.files;
  const kept = before.filter((path) => brought.includes(path) || isPreparationFile(path));
  return [...new Set([...kept, ...brought])];
}

/** `https://` host that a node's config.yaml keeps for good: the endpoint, else who founded the cluster, else another server. */
export function registrationHost(input: DesiredInput, spec: ClusterNode): string | null {
  if (input.bootstrapKey === spec.key) return null;
  if (input.cluster.endpoint !== null) return input.cluster.endpoint.host;
  const bootstrap = input.cluster.nodes.find((node) => node.key === input.bootstrapKey);
  if (bootstrap !== undefined) return knownAddress(input, bootstrap);
  // Whose turn it is must not change because the file names the same nodes in another order.
  const founders = input.cluster.nodes.filter(
    (node) => node.key !== spec.key && canFound(node.roles, input.cluster),
  );
  const server = founders.toSorted((a, b) => (a.key < b.key ? -1 : 1))[0];
  return server === undefined ? null : knownAddress(input, server);
}

/** A reached host's facts, else null. */
export function factsOf(observed: Observed, key: NodeKey): HostFacts | null {
  const host = observed.hosts[key];
  return host?.reachable ? host.facts : null;
}

/** What a host of these roles lets in: the nodes of the file, and whom `others` names. null: firewalld is not ours there. */
export function desiredFirewall(
  input: DesiredInput,
  roles: readonly Role[],
  facts: HostFacts,
  others: readonly string[] = NO_OTHERS,
): FirewallRecord | null {
  const { provider, manage, zone } = input.cluster.firewall;
  if (facts.firewall.provider === 'none' || provider === 'none' || manage === 'check') return null;
  return renderFirewall({
    cluster: input.cluster,
    roles,
    nodeAddresses: withOthers(knownAddresses(input), others),
    zone: zone ?? facts.firewall.defaultZone,
  });
}

const NO_OTHERS: readonly string[] = [];

const withOthers = remember((known: readonly string[], others: readonly string[]) =>
  others.length === 0 ? known : [...new Set([...known, ...others])],
);

/** A node's cluster address: as its host says now, else as it was when last reached, else as the file says. */
function knownAddress(input: DesiredInput, node: ClusterNode): string {
  const facts = factsOf(input.observed, node.key);
  if (facts !== null) return clusterAddress(node, facts);
  return recordOf(input.state.nodes, node)?.clusterAddress ?? node.internalAddress ?? node.address;
}

/** The cluster addresses of all nodes of the file, each once; in a dual-stack cluster with those of the other family. */
function knownAddresses({ cluster, observed, state }: DesiredInput): readonly string[] {
  const seen = seenAddresses(cluster, observed);
  if (seen.silent.length === 0) return seen.addresses;
  return withOthers(seen.addresses, silentAddresses(seen, state.nodes));
}

interface SeenAddresses {
  /** Of all that answered. */
  readonly addresses: readonly string[];
  /** Nodes that did not. */
  readonly silent: readonly ClusterNode[];
  readonly isDual: boolean;
}

/** Found once for all: every node is told of all the others. */
const seenAddresses = remember((cluster: Cluster, observed: Observed): SeenAddresses => {
  const isDual = isDualStack(cluster.network);
  const reached = cluster.nodes.flatMap((node) => {
    const facts = factsOf(observed, node.key);
    return facts === null ? [] : hostAddresses(node, facts, isDual);
  });
  const silent = cluster.nodes.filter((node) => factsOf(observed, node.key) === null);
  return { addresses: [...new Set(reached)], silent, isDual };
});

const silentAddresses = remember(({ silent, isDual }: SeenAddresses, nodes: State['nodes']) =>
  silent.flatMap((node) => {
    const record = recordOf(nodes, node);
    const address = record?.clusterAddress ?? node.internalAddress ?? node.address;
    return isDual && record?.otherAddress !== undefined ? [address, record.otherAddress] : [address];
  }),
);

function hostAddresses(node: ClusterNode, facts: HostFacts, isDual: boolean): readonly string[] {
  const address = clusterAddress(node, facts);
  const other = isDual ? otherAddress(node, address, facts) : null;
  return other === null ? [address] : [address, other];
}

function recordOf(nodes: State['nodes'], node: ClusterNode): NodeRecord | undefined {
  return Object.values(nodes).find((record) => record.address === node.address && record.port === node.port);
}

/** The SSH address when it is an IP that the host itself does not have: people come in through NAT. */
function externalAddress(spec: ClusterNode, facts: HostFacts): string | null {
  const isIp = /^[\d.]+$/.test(spec.address) || spec.address.includes(':');
  const own = facts.addresses.some((candidate) => candidate.address === spec.address);
  return isIp && !own && facts.addresses.length > 0 ? spec.address : null;
}

/** Where the tarball goes: as the file says; where it already is; else RKE2's own rule of read-only or mounted /usr/local. */
export function installPrefix(cluster: Cluster, facts: HostFacts): string {
  const { marker } = facts.rke2;
  if (cluster.install.prefix !== null) return cluster.install.prefix;
  if (marker !== null && marker !== 'unreadable' && marker.installed !== null) return marker.installed.prefix;
  const local = facts.filesystems.find((filesystem) => filesystem.path === '/usr/local');
  return local !== undefined && (local.readOnly || local.mountPoint === '/usr/local')
    ? '/opt/rke2'
    : '/usr/local';
}
