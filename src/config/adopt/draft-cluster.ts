import type { FoundFile } from '../../domain/found-host.ts';
import { DATA_DIR } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { escapeVariables } from '../escape-variables.ts';
import { addressAt, type Family, familyOf, parseCidr } from '../ip.ts';
import { type AdoptableNode, draftNode } from './draft-nodes.ts';
import { type DraftNote, draftNote } from './draft-note.ts';
import { draftRegistries } from './draft-registries.ts';
import { draftSettings } from './draft-settings.ts';
import type { LocalFile } from './local-files.ts';

export interface DraftInput {
  /** In the order of the file to be. */
  readonly nodes: readonly AdoptableNode[];
  /** Keys of cluster.yml that the person gave, `nodes` apart: names and ways to the hosts. */
  readonly given: Readonly<Record<string, unknown>>;
  /** For each node, in the same order, what was given of it: `address`, `user`, `port`, … */
  readonly logins: readonly Readonly<Record<string, unknown>>[];
  readonly version: string;
  /** Where files beside cluster.yml go, as it names them: `./cluster-adopted`. */
  readonly folder: string;
}

/** A cluster.yml that says what was found, before anybody has looked whether it is valid. */
export interface ClusterFileDraft {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly files: readonly LocalFile[];
  readonly notes: readonly DraftNote[];
}

/** What was found on all hosts as one cluster.yml, with the files that it names. */
export function draftCluster(input: DraftInput): ClusterFileDraft {
  const { nodes, given, logins, version, folder } = input;
  const settings = draftSettings(
    nodes.map(({ node, service, values }) => ({
      name: node.name,
      side: service === 'rke2-server' ? 'server' : 'agent',
      values,
    })),
  );
  const endpoint = draftEndpoint(nodes);
  const families = podFamilies(nodes);
  const registries = draftOfRegistries(nodes, folder);
  const manifests = draftManifests(nodes, folder);
  const secrets = moveSecrets(settings.keys, folder);
  const keys = merge(
    {
      ...(given['cluster_name'] === undefined ? {} : { cluster_name: given['cluster_name'] }),
      kubernetes_version: version,
      nodes: nodes.map((node, index) =>
        draftNode(node, logins[index] ?? {}, settings.own[index] ?? {}, families),
      ),
      ...(endpoint === null ? {} : { endpoint }),
      ...namesKey(nodes, endpoint),
      ...dataDirKey(nodes),
      ...installKey(nodes),
      ...(nodes.some(({ facts }) => facts.firewall.provider !== 'none') && { firewall: { manage: 'check' } }),
      ...(registries.value === null ? {} : { registries: registries.value }),
      ...(manifests.files.length > 0 && { addons_include: manifests.files.map(({ path }) => path) }),
    },
    secrets.keys,
  );
  return {
    keys: escapeVariables(withoutDerivedDns(merge(given, keys))) as Readonly<Record<string, unknown>>,
    files: [...registries.files, ...manifests.files, ...secrets.files],
    notes: [...settings.notes, ...registries.notes, ...manifests.notes, ...environmentNotes(nodes)],
  };
}

/** The IP families of the pods' networks, as the servers have them. */
function podFamilies(nodes: readonly AdoptableNode[]): readonly (Family | null)[] {
  const written = nodes.find(({ service }) => service === 'rke2-server')?.values['cluster-cidr'];
  const ranges = [written ?? DEFAULTS.clusterCidr].flat().flatMap((text) => String(text).split(','));
  return ranges.map((range) => familyOf(range.trim().split('/')[0] ?? ''));
}

/**
 * The one address that joining nodes were given and that is none of the nodes': a load balancer, a virtual IP or a name.
 * null when they joined through each other.
 */
function draftEndpoint(nodes: readonly AdoptableNode[]): string | null {
  const own = new Set(
    nodes.flatMap(({ spec, facts, node }) => [
      ...[spec.address, node.name, facts.hostname, ...node.internalAddresses],
      ...facts.addresses.map(({ address }) => address),
    ]),
  );
  const hosts = nodes.flatMap(({ values }) => {
    const url = String(values['server'] ?? '');
    return URL.canParse(url) ? [new URL(url).hostname.replace(/^\[|\]$/g, '')] : [];
  });
  const outside = hosts.filter((host) => !own.has(host));
  const counts = new Map(outside.map((host) => [host, outside.filter((other) => other === host).length]));
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

/** Every name that any server was given: certificates only gain by those of the others. */
function namesKey(nodes: readonly AdoptableNode[], endpoint: string | null): object {
  const names = nodes.flatMap(({ service, values }) =>
    service === 'rke2-server'
      ? [values['tls-san'] ?? []].flat().flatMap((text) =>
          String(text)
            .split(',')
            .map((name) => name.trim()),
        )
      : [],
  );
  const sans = [...new Set(names)].filter((name) => name !== '' && name !== endpoint);
  return sans.length === 0 ? {} : { authentication: { sans } };
}

function dataDirKey(nodes: readonly AdoptableNode[]): object {
  const dataDir = String(nodes[0]?.values['data-dir'] ?? DATA_DIR).replace(/\/+$/, '');
  return dataDir.endsWith(DATA_DIR) && dataDir !== DATA_DIR
    ? { prefix_path: dataDir.slice(0, -DATA_DIR.length) }
    : {};
}

function installKey(nodes: readonly AdoptableNode[]): object {
  const [first] = nodes;
  if (first === undefined) return {};
  if (first.facts.rke2.rpm) return { install: { method: 'script', package: 'rpm' } };
  const prefix = first.facts.rke2.binaries[0]?.path.replace(/\/bin\/rke2$/, '');
  return prefix === undefined || prefix === '/usr/local' ? {} : { install: { prefix } };
}

/** The address that follows from the service network needs no saying. */
function withoutDerivedDns(keys: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const services = asMap(keys['services']);
  const range = asMap(services['kube-api'])['service_cluster_ip_range'];
  const kubelet = asMap(services['kubelet']);
  const derived = defaultDns(String(range ?? DEFAULTS.serviceCidr).split(',')).join(',');
  if (kubelet['cluster_dns_server'] !== derived) return keys;
  const { cluster_dns_server: _derived, ...rest } = kubelet;
  const { kubelet: _kubelet, ...others } = services;
  const kept = Object.keys(rest).length === 0 ? others : { ...others, kubelet: rest };
  const { services: _services, ...top } = keys;
  return Object.keys(kept).length === 0 ? top : { ...top, services: kept };
}

/** Where the cluster DNS is unless a key says otherwise: the tenth address of each service network. */
export function defaultDns(serviceCidr: readonly string[]): readonly string[] {
  return serviceCidr.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === null ? [] : (addressAt(cidr, DEFAULTS.clusterDnsOffset) ?? []);
  });
}

function draftOfRegistries(nodes: readonly AdoptableNode[], folder: string) {
  const present = nodes.flatMap(({ files }) => files.registries ?? []);
  const [first] = present;
  if (first === undefined) return { value: null, files: [], notes: [] };
  const isSame = present.length === nodes.length && present.every(({ text }) => text === first.text);
  const certificates = nodes.find(({ files }) => files.registries !== null)?.files.certificates ?? [];
  const draft = isSame ? draftRegistries(first.text, certificates, folder) : null;
  if (draft?.value != null) return { value: draft.value, files: draft.files, notes: [] };
  const why = isSame ? 'says something that cluster.yml has no words for' : 'is not the same on all nodes';
  const note = draftNote(
    'adopt-registries-left',
    `${first.path} ${why}; it stays on the hosts as it is, and rke2ctl does not manage it. Nodes that come later do not get it.`,
    'Write `registries` into cluster.yml when you want it managed; `up` then replaces the files.',
  );
  return { value: null, files: [], notes: [note] };
}

function draftManifests(nodes: readonly AdoptableNode[], folder: string) {
  const files = new Map<string, FoundFile>();
  const notes: DraftNote[] = [];
  for (const { files: found, node } of nodes) {
    for (const manifest of found.manifests) {
      const name = manifest.path.slice(manifest.path.lastIndexOf('/') + 1);
      const other = files.get(name);
      if (other === undefined) files.set(name, manifest);
      else if (other.sha256 !== manifest.sha256) notes.push(manifestDiffers(name, node.name));
    }
  }
  const differing = new Set(notes.map(({ path }) => path));
  return {
    files: [...files]
      .filter(([name]) => !differing.has(name))
      .map(([name, { text }]): LocalFile => ({ path: `${folder}/${name}`, content: text })),
    notes: notes.map(({ path: _path, ...note }) => note),
  };
}

function manifestDiffers(name: string, node: string): DraftNote {
  return {
    ...draftNote(
      'adopt-manifest-differs',
      `The manifest ${name} is another one here than on the servers before; both stay where they are, and rke2ctl does not manage them.`,
      'Decide which one holds, and name it in `addons_include`.',
      node,
    ),
    path: name,
  };
}

function environmentNotes(nodes: readonly AdoptableNode[]): readonly DraftNote[] {
  return nodes.flatMap(({ files, node }) =>
    files.environment.map(({ path }) =>
      draftNote(
        'adopt-environment-left',
        `${path} sets variables of the service; it stays as it is, and rke2ctl does not manage it.`,
        'For a proxy write `proxy` into cluster.yml, if rke2ctl is to write that file; nodes that come later need it.',
        node.name,
      ),
    ),
  );
}

/** Places of cluster.yml whose values are secrets, and what their files are called. */
const SECRETS: readonly (readonly [path: readonly string[], name: string])[] = [
  [['services', 'etcd', 'backup_config', 's3backupconfig', 'access_key'], 's3-access-key'],
  [['services', 'etcd', 'backup_config', 's3backupconfig', 'secret_key'], 's3-secret-key'],
  [['services', 'etcd', 'backup_config', 's3backupconfig', 'session_token'], 's3-session-token'],
  [['datastore', 'endpoint'], 'datastore-endpoint'],
];

/** Puts secrets into files of their own, so that cluster.yml holds none. */
function moveSecrets(keys: Readonly<Record<string, unknown>>, folder: string) {
  const files: LocalFile[] = [];
  let moved: Readonly<Record<string, unknown>> = keys;
  for (const [path, name] of SECRETS) {
    const value = path.reduce<unknown>((below, key) => asMap(below)[key], keys);
    if (typeof value !== 'string') continue;
    const place = `${folder}/${name}`;
    files.push({ path: place, content: value });
    moved = merge(
      moved,
      path.reduceRight<unknown>((below, key) => ({ [key]: below }), `file:${place}`) as Record<
        string,
        unknown
      >,
    );
  }
  return { keys: moved, files };
}

/** Maps merge key by key; of anything else the later value stays. */
function merge(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(after)) {
    merged[key] = isMap(merged[key]) && isMap(value) ? merge(asMap(merged[key]), asMap(value)) : value;
  }
  return merged;
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? (value as Readonly<Record<string, unknown>>) : {};
}
