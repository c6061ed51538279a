import type { Diagnostic } from '../domain/diagnostic.ts';
import type { FoundHost } from '../domain/found-host.ts';
import type { ApiNode } from '../domain/observed.ts';
import { DATA_DIR } from '../rke2/paths.ts';
import { parseVersion } from '../rke2/version.ts';
import { checkAdoptedTokens } from './check-adopted-tokens.ts';

export interface AdoptableInput {
  readonly hosts: readonly FoundHost[];
  /** The Nodes as the cluster's API lists them; null when no server answers. */
  readonly nodes: readonly ApiNode[] | null;
  /** Nodes whose hosts were not given are left out rather than refused. */
  readonly partial: boolean;
}

/**
 * What keeps these hosts from being taken over as one cluster. Errors all; nothing is guessed and nothing was changed.
 * Later ones are only looked for where the earlier ones let them make sense.
 */
export function checkAdoptable(input: AdoptableInput): readonly Diagnostic[] {
  const single = input.hosts.flatMap(checkHost);
  if (single.length > 0) return single;
  const together = [
    ...checkVersions(input.hosts),
    ...checkAuthority(input.hosts),
    ...checkPackages(input.hosts),
    ...checkDataDirs(input.hosts),
    ...checkServers(input.hosts),
  ];
  if (together.length > 0) return together;
  return [...checkAdoptedTokens(input.hosts), ...checkNodes(input), ...checkCopy(input.hosts)];
}

/** A cluster that holds a state's copy is managed from somewhere, though none of these hosts is marked. */
function checkCopy(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  const copy = hosts.flatMap(({ facts }) => facts.rke2.stateCopy ?? [])[0];
  if (copy === undefined) return [];
  return [
    error(
      null,
      'adopt-marked',
      `The cluster holds a copy of rke2ctl's state (Secret kube-system/rke2ctl-state, cluster ${copy.clusterId}): rke2ctl manages it already.`,
      'Go on with that cluster.yml (`rke2ctl state pull` fetches the state). If that is over for good, delete the Secret and run `rke2ctl adopt` again.',
    ),
  ];
}

/** The Node of a host: by the name that its settings give it, else by its hostname, else by its address. */
export function findNode(host: FoundHost, nodes: readonly ApiNode[]): ApiNode | null {
  const names = [String(host.values['node-name'] ?? ''), host.facts.hostname].map((name) =>
    name.toLowerCase(),
  );
  const own = new Set([host.spec.address, ...host.facts.addresses.map(({ address }) => address)]);
  const byName = names
    .map((name) => nodes.find((node) => node.name === name))
    .find((node) => node !== undefined);
  const byAddress = nodes.find(({ internalAddresses }) => internalAddresses.some((each) => own.has(each)));
  // Two clusters may have nodes of one name: an address that is not the host's own is another machine's.
  if (byName !== undefined && isAt(byName, own)) return byName;
  return byAddress ?? null;
}

function isAt({ internalAddresses }: ApiNode, own: ReadonlySet<string>): boolean {
  return internalAddresses.length === 0 || internalAddresses.some((each) => own.has(each));
}

function checkHost(host: FoundHost): readonly Diagnostic[] {
  const { facts, spec, service } = host;
  const { marker, server, agent, binaries } = facts.rke2;
  if (marker === 'unreadable') {
    return [
      error(
        spec.address,
        'adopt-marked',
        'A marker of rke2ctl is here that cannot be read.',
        'Use the latest rke2ctl; `rke2ctl state rebuild` takes up a cluster that rke2ctl made.',
      ),
    ];
  }
  if (marker !== null) {
    return [
      error(
        spec.address,
        'adopt-marked',
        `It belongs to cluster "${marker.clusterName}" (${marker.clusterId}), which rke2ctl manages already.`,
        'Use that cluster’s cluster.yml and state; if they are lost, `rke2ctl state rebuild` makes the state again.',
      ),
    ];
  }
  if (!server.exists && !agent.exists && binaries.length === 0) {
    return [
      error(
        spec.address,
        'adopt-no-rke2',
        'There is no RKE2 on this host.',
        'Leave it out of the hosts; add it to cluster.yml after the adoption, and `up` lets it join.',
      ),
    ];
  }
  const unit = service === 'rke2-server' ? server : agent;
  if (unit.active !== 'active') {
    return [
      error(
        spec.address,
        'adopt-not-running',
        `${service} is ${unit.active} here: only what runs can be taken over, as nothing else shows what holds.`,
        `Start it (\`systemctl start ${service}\`) or leave the host out, then run \`rke2ctl adopt\` again.`,
      ),
    ];
  }
  return [];
}

function checkVersions(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  const unknown = hosts.filter(({ facts }) => parseVersion(versionOf(facts)) === null);
  if (unknown.length > 0) {
    return unknown.map(({ spec, facts }) =>
      error(
        spec.address,
        'adopt-version-unknown',
        `The version of RKE2 cannot be told here (${versionOf(facts)}).`,
        'See what `rke2 --version` prints there.',
      ),
    );
  }
  return contradiction(
    hosts,
    (host) => versionOf(host.facts),
    'adopt-versions-differ',
    'The hosts run different versions of RKE2',
    'An upgrade has not come to its end. Finish it, then run `rke2ctl adopt` again.',
  );
}

/** The version that runs: the program that the unit starts comes first. */
export function versionOf({ rke2 }: FoundHost['facts']): string {
  return rke2.binaries[0]?.version ?? 'unknown';
}

function checkAuthority(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  const without = hosts.filter(({ facts }) => facts.rke2.caHash === null);
  return [
    ...without.map(({ spec }) =>
      error(
        spec.address,
        'adopt-half-joined',
        'It has no certificate of a cluster’s authority: it never joined one.',
        'Let it join, or leave it out.',
      ),
    ),
    ...contradiction(
      hosts.filter(({ facts }) => facts.rke2.caHash !== null),
      ({ facts }) => (facts.rke2.caHash ?? '').slice(0, 16),
      'adopt-clusters-differ',
      'The hosts belong to different clusters, by the hash of their CA',
      'Name the hosts of one cluster only.',
    ),
  ];
}

function checkPackages(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  return contradiction(
    hosts,
    ({ facts }) =>
      facts.rke2.rpm ? 'RPM' : (facts.rke2.binaries[0]?.path ?? '').replace(/\/bin\/rke2$/, ''),
    'adopt-installs-differ',
    'RKE2 is installed in different ways or places',
    'cluster.yml has one way of installation for all nodes. Install RKE2 alike on all of them first.',
  );
}

function checkDataDirs(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  const strange = hosts.filter((host) => !dataDirOf(host).endsWith(DATA_DIR));
  return [
    ...strange.map((host) =>
      error(
        host.spec.address,
        'adopt-data-dir',
        `RKE2’s data lie in ${dataDirOf(host)}, and cluster.yml can only say places that end in ${DATA_DIR}.`,
        'Mount or bind the directory at such a place, and set `data-dir` to it; RKE2 has to be stopped meanwhile.',
      ),
    ),
    ...contradiction(
      hosts,
      dataDirOf,
      'adopt-data-dir',
      'The data directories differ',
      'cluster.yml has one for all nodes.',
    ),
  ];
}

function dataDirOf({ values }: FoundHost): string {
  return String(values['data-dir'] ?? DATA_DIR).replace(/\/+$/, '');
}

function checkServers(hosts: readonly FoundHost[]): readonly Diagnostic[] {
  if (hosts.some(({ service }) => service === 'rke2-server')) return [];
  return [
    error(
      null,
      'adopt-no-server',
      'None of the hosts is a server; only servers know the cluster’s tokens.',
      'Name the servers of the cluster, too.',
    ),
  ];
}

function checkNodes({ hosts, nodes, partial }: AdoptableInput): readonly Diagnostic[] {
  if (nodes === null) {
    return [
      error(
        null,
        'adopt-no-api',
        'No API server answered by the kubectl of any host, so that nobody says which nodes the cluster has.',
        'See that a control plane is among the hosts and runs (`systemctl status rke2-server`); then run `rke2ctl adopt` again.',
      ),
    ];
  }
  const found = hosts.map((host) => [host, findNode(host, nodes)] as const);
  const missing = found.filter(([, node]) => node === null);
  const given = new Set(found.flatMap(([, node]) => node?.name ?? []));
  const others = nodes.filter(({ name }) => !given.has(name));
  return [
    ...missing.map(([{ spec, service }]) =>
      error(
        spec.address,
        'adopt-half-joined',
        `${service} runs here, but the cluster has no Node of this host.`,
        'See `journalctl -u` of the service; once `kubectl get nodes` lists it, run `rke2ctl adopt` again. Or leave the host out.',
      ),
    ),
    ...(others.length === 0 || partial ? [] : [notGiven(others)]),
  ];
}

function notGiven(nodes: readonly ApiNode[]): Diagnostic {
  const names = nodes
    .map(({ name, internalAddresses }) => `${name} (${internalAddresses.join(', ')})`)
    .join(', ');
  const isOne = nodes.length === 1;
  return error(
    null,
    'adopt-nodes-missing',
    `The cluster has ${isOne ? 'a node' : 'nodes'} that you did not name: ${names}.`,
    `Name ${isOne ? 'it' : 'them'} as well, or pass \`--partial\` to leave ${isOne ? 'it' : 'them'} out of cluster.yml.`,
  );
}

function contradiction(
  hosts: readonly FoundHost[],
  readValue: (host: FoundHost) => string,
  code: string,
  what: string,
  hint: string,
): readonly Diagnostic[] {
  const groups = new Map<string, string[]>();
  for (const host of hosts) {
    const value = readValue(host);
    groups.set(value, [...(groups.get(value) ?? []), host.spec.address]);
  }
  if (groups.size <= 1) return [];
  const parts = [...groups].map(([value, names]) => `${names.join(', ')}: ${value}`);
  return [error(null, code, `${what}: ${parts.join(' | ')}.`, hint)];
}

function error(node: string | null, code: string, message: string, hint: string): Diagnostic {
  return { severity: 'error', code, message, hint, ...(node !== null && { node }) };
}
