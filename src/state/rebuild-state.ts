import type { ClusterNode } from '../domain/cluster.ts';
import { StateError } from '../domain/errors.ts';
import type { Marker } from '../domain/marker.ts';
import { clusterAddress, nodeId } from '../domain/node-identity.ts';
import type { HostFacts } from '../domain/observed.ts';
import { Secret } from '../domain/secret.ts';
import type { AddonRecord, NodeRecord, State } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import { listManifestObjects } from '../rke2/manifest-objects.ts';
import { compareVersions, parseVersion } from '../rke2/version.ts';

/** What one reachable host of cluster.yml remembers. */
export interface HostMemory {
  readonly node: ClusterNode;
  readonly facts: HostFacts;
  /** Contents of the token files, as found: full (`K10…::server:…`) or the password alone; null: no such file. */
  readonly serverToken: Secret | null;
  readonly agentToken: Secret | null;
  /** Whether its config.yaml names a server to join; null when there is no config.yaml. */
  readonly joinsServer: boolean | null;
  /** Texts of the manifests of ours that lie there, by name. */
  readonly manifests: Readonly<Record<string, string>>;
}

interface Member extends HostMemory {
  readonly marker: Marker;
}

/**
 * A state made again from markers and tokens, for a cluster whose state file is lost. `lowestSerial` is the highest
 * serial known from anywhere, so that no older copy can pass for newer. What no host remembers is null (`desired`). When
 * in doubt a node counts as joined: such a one is never bootstrapped anew. Throws StateError when the hosts contradict
 * each other or remember too little; nothing is guessed.
 */
export function rebuildState(hosts: readonly HostMemory[], lowestSerial: number): State {
  const members = hosts.flatMap(toMember);
  const clusterId = theOne(members, 'cluster', (member) => member.marker.clusterId);
  const [first] = members;
  if (first === undefined || clusterId === null) throw nothingFound(hosts);
  refuseClones(members, clusterId);
  const records = members.map(toRecord);
  return {
    schemaVersion: 1,
    clusterId,
    clusterName: first.marker.clusterName,
    serial: lowestSerial,
    version: newestVersion(members),
    bootstrapNodeId: findBootstrap(members),
    caHash: theOne(members, 'server CA', (member) => member.facts.rke2.caHash),
    desired: null,
    removing: false,
    nodes: Object.fromEntries(records.map((record) => [record.nodeId, record])),
    addons: rememberedAddons(members),
    secrets: {
      serverToken: new Secret(theToken(members, 'server token', (member) => member.serverToken)),
      agentToken: new Secret(theToken(members, 'agent token', (member) => member.agentToken)),
    },
  };
}

/** What manifests on the hosts brought; where they were fetched, no host remembers. */
function rememberedAddons(members: readonly Member[]): State['addons'] {
  const texts = Object.assign({}, ...members.map(({ manifests }) => manifests)) as HostMemory['manifests'];
  const records = Object.entries(texts).map(([name, text]): [string, AddonRecord] => [
    name,
    { sha256: sha256(text), url: null, objects: listManifestObjects(text).objects },
  ]);
  return Object.fromEntries(records);
}

function toMember(host: HostMemory): readonly Member[] {
  const { marker } = host.facts.rke2;
  if (marker === 'unreadable') throw unreadableMarker(host);
  return marker === null ? [] : [{ ...host, marker }];
}

function toRecord(member: Member): NodeRecord {
  const { node, facts, marker } = member;
  return {
    nodeId: marker.nodeId,
    name: marker.name,
    machineId: facts.machineId,
    hostKey: facts.hostKey,
    address: node.address,
    port: node.port,
    clusterAddress: clusterAddress(node, facts),
    roles: marker.roles,
    version: marker.version,
    phase: hasJoined(member) ? 'joined' : 'staged',
  };
}

/** An etcd node has joined once it has a database; any other once it has the cluster's CA. */
function hasJoined({ marker, facts }: Member): boolean {
  const { etcdData, caHash, server, agent } = facts.rke2;
  if (server.active === 'active' || agent.active === 'active') return true;
  return marker.roles.includes('etcd') ? etcdData : caHash !== null;
}

/** Only the node that made the cluster has data of it and no server to join. Two such, or none: nobody is. */
function findBootstrap(members: readonly Member[]): string | null {
  const founders = members.filter((member) => hasData(member) && member.joinsServer === false);
  return founders.length === 1 ? (founders[0]?.marker.nodeId ?? null) : null;
}

/** A control plane without etcd has a server to join, unless the data lie outside of the cluster: then its CA counts. */
function hasData({ marker, facts }: Member): boolean {
  if (marker.roles.includes('etcd')) return facts.rke2.etcdData;
  return marker.roles.includes('controlplane') && facts.rke2.caHash !== null;
}

/** During an upgrade the newer one, since going back is not possible. */
function newestVersion(members: readonly Member[]): string | null {
  let newest: string | null = null;
  for (const { marker } of members) {
    const candidate = parseVersion(marker.version);
    const best = newest === null ? null : parseVersion(newest);
    if (candidate !== null && (best === null || compareVersions(candidate, best) > 0))
      newest = marker.version;
  }
  return newest;
}

/** The value that all members agree on, null when none has it. */
function theOne(
  members: readonly Member[],
  what: string,
  pick: (member: Member) => string | null,
): string | null {
  const groups = groupBy(members, pick);
  if (groups.size > 1) {
    const parts = [...groups].map(([value, names]) => `${names.join(', ')}: ${value.slice(0, 16)}`);
    throw contradiction(what, parts);
  }
  return [...groups.keys()][0] ?? null;
}

function theToken(
  members: readonly Member[],
  what: string,
  tokenOf: (member: Member) => Secret | null,
): string {
  const groups = groupBy(members, (member) => passwordOf(tokenOf(member)));
  // The values are secrets, so only the groups are named.
  if (groups.size > 1)
    throw contradiction(
      what,
      [...groups.values()].map((names) => names.join(', ')),
    );
  const [token] = groups.keys();
  if (token !== undefined) return token;
  throw members.some(hasJoined) ? tokenMissing(what, members) : neverStarted(members);
}

function groupBy(
  members: readonly Member[],
  pick: (member: Member) => string | null,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const member of members) {
    const value = pick(member);
    if (value !== null) groups.set(value, [...(groups.get(value) ?? []), nameOf(member)]);
  }
  return groups;
}

/** `K10<hash>::server:<password>` → the password, since the state keeps the CA's hash apart. */
function passwordOf(token: Secret | null): string | null {
  const text = token?.reveal().trim() ?? '';
  if (text === '') return null;
  return /^K10[0-9a-f]{64}::(?:[^:]*:)?(.+)$/.exec(text)?.[1] ?? text;
}

function refuseClones(members: readonly Member[], clusterId: string): void {
  const stranger = members.find(({ marker, facts }) => marker.nodeId !== nodeId(clusterId, facts.machineId));
  if (stranger !== undefined) throw notItself(stranger);
  const seen = new Map<string, Member>();
  for (const member of members) {
    const twin = seen.get(member.marker.nodeId);
    if (twin !== undefined) throw twins(twin, member);
    seen.set(member.marker.nodeId, member);
  }
}

function nameOf({ node, facts }: HostMemory): string {
  return node.name ?? facts.hostname;
}

function failed(code: string, message: string, hint: string): StateError {
  return new StateError({ code, message: `The state cannot be made again: ${message}`, hint });
}

function nothingFound(hosts: readonly HostMemory[]): StateError {
  return failed(
    'rebuild-nothing-found',
    `none of the hosts (${hosts.map(nameOf).join(', ')}) carries a marker of rke2ctl.`,
    'If RKE2 runs there, another tool has installed it. If nothing runs there, this is a new cluster: `rke2ctl up`.',
  );
}

function unreadableMarker(host: HostMemory): StateError {
  return failed(
    'rebuild-marker-unreadable',
    `the marker /etc/rancher/rke2/rke2ctl.json on ${nameOf(host)} is damaged, or a newer rke2ctl wrote it.`,
    'Use the latest rke2ctl. If it says the same, leave that host out of cluster.yml for this one command.',
  );
}

function contradiction(what: string, parts: readonly string[]): StateError {
  return failed(
    'rebuild-contradiction',
    `the hosts do not agree on the ${what}: ${parts.join(' | ')}.`,
    'These are different clusters. Leave only the hosts of one cluster in cluster.yml, and run the command again.',
  );
}

function tokenMissing(what: string, members: readonly Member[]): StateError {
  return failed(
    'rebuild-token-missing',
    `none of ${members.map(nameOf).join(', ')} has the ${what}. It is on every server of the cluster.`,
    'Make one of its servers reachable, and run the command again.',
  );
}

function neverStarted(members: readonly Member[]): StateError {
  return failed(
    'rebuild-never-started',
    `${members.map(nameOf).join(', ')} were only prepared; no cluster was ever started there.`,
    'Nothing is lost: take the preparations away with `rke2ctl remove`, then begin anew with `rke2ctl up`.',
  );
}

function notItself(member: Member): StateError {
  return failed(
    'rebuild-machine-changed',
    `the marker on ${nameOf(member)} is of another machine (it was cloned from a node, or its machine-id was changed).`,
    'Leave that host out of cluster.yml for this command; a clone must be cleaned before it can become a node.',
  );
}

function twins(member: Member, twin: Member): StateError {
  return failed(
    'rebuild-twins',
    `${nameOf(member)} and ${nameOf(twin)} have the same machine-id: they are one machine, or clones of one.`,
    'Leave one of them out of cluster.yml, and run the command again.',
  );
}
