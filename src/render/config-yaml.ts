import type { Cluster, ClusterNode, Rke2Value, Rke2Values } from '../domain/cluster.ts';
import { bracketed } from '../domain/node-identity.ts';
import type { PlannedNode } from '../domain/plan.ts';
import type { Secret } from '../domain/secret.ts';
import { remember } from '../lib/remember.ts';
import { AGENT_TOKEN_PATH, CONFIG_DROPIN_DIR, DATA_DIR, SERVER_TOKEN_PATH } from '../rke2/paths.ts';
import { disabledComponents, isServer } from '../rke2/roles.ts';
import { ingressValues } from './ingress-choice.ts';
import { nodeTaints, taintText } from './node-taints.ts';
import { quotedYaml } from './quoted-yaml.ts';

const HEADER = '# Written by rke2ctl. Edit cluster.yml and run `rke2ctl up`: changes made here are drift.\n';

/** Where the address of a living server stands while a node joins. */
export const JOIN_DROPIN_PATH = `${CONFIG_DROPIN_DIR}/10-rke2ctl-join.yaml`;

/** Everything about a node that config.yaml depends on. */
export interface ConfigInput {
  readonly cluster: Cluster;
  readonly node: PlannedNode;
  readonly spec: ClusterNode;
  /** The release that the node runs, or will run: what a key is called may depend on it. */
  readonly version: string;
  /** For `node-ip`, one of each family that the cluster has; empty leaves it to RKE2. */
  readonly nodeAddresses: readonly string[];
  /** The address people reach the host at when that is none of its own (NAT); null otherwise. */
  readonly externalAddress: string | null;
  /** Host of the `server:` URL on disk; null for the node that bootstraps, which joins nobody. */
  readonly registration: string | null;
}

/**
 * RKE2's config.yaml for one node. Tokens stand in files of their own, so this text holds no secret. Every string is
 * quoted, as RKE2 reads YAML 1.1, where `0644`, `on` and dates would bend.
 */
export function renderConfigYaml(input: ConfigInput): string {
  return HEADER + quotedYaml(configValues(input), { plainKeys: true });
}

/** Keys that a running node takes from elsewhere: the other servers from their own list, labels and taints from the API. */
const TAKEN_FROM_ELSEWHERE: ReadonlySet<string> = new Set(['server', 'node-label', 'node-taint']);

/**
 * The part of config.yaml that a running node has only from there, so that a change of it needs a restart. Nobody reads it
 * but us, so it is JSON, which is made much faster.
 */
export function renderStartConfig(input: ConfigInput): string {
  const entries = Object.entries(configValues(input)).filter(([key]) => !TAKEN_FROM_ELSEWHERE.has(key));
  return JSON.stringify(Object.fromEntries(entries));
}

/** The drop-in with the servers' secret settings; null when there are none. */
export function renderSecretsDropIn(secrets: Readonly<Record<string, Secret>>): string | null {
  const values = Object.entries(secrets).map(([key, secret]) => [key, secret.reveal()] as const);
  if (values.length === 0) return null;
  return HEADER + quotedYaml(Object.fromEntries(values), { plainKeys: true });
}

/** The drop-in that names a living server while a node joins; config.yaml keeps the lasting address. */
export function renderJoinDropIn(address: string): string {
  return `${HEADER}server: "${registrationUrl(address)}"\n`;
}

const configValues = remember((input: ConfigInput): Rke2Values => {
  const values = isServer(input.node.roles) ? serverValues(input) : agentValues(input);
  return withOwnValues(values, plain(input.spec.rke2));
});

function serverValues(input: ConfigInput): Rke2Values {
  const { cluster, node, spec } = input;
  const { network } = cluster;
  const { systemDefault } = cluster.registries;
  return {
    ...nodeValues(input),
    'token-file': SERVER_TOKEN_PATH,
    'agent-token-file': AGENT_TOKEN_PATH,
    ...listOf('tls-san', subjectNames(cluster, spec, node)),
    'cluster-cidr': network.clusterCidr,
    'service-cidr': network.serviceCidr,
    'cluster-dns': network.clusterDns,
    'cluster-domain': network.clusterDomain,
    cni: network.cni,
    ...disabledComponents(node.roles, cluster),
    ...(systemDefault === null ? {} : { 'system-default-registry': systemDefault }),
    ...plain(cluster.rke2.server),
    ...ingressValues(cluster.ingress, input.version, cluster.rke2.server['disable']),
  };
}

function agentValues(input: ConfigInput): Rke2Values {
  return { ...nodeValues(input), 'token-file': AGENT_TOKEN_PATH, ...plain(input.cluster.rke2.agent) };
}

/**
 * A node's own settings win over the cluster's. Of arguments (`kubelet-arg`) only those flags are replaced that the node
 * names itself; the cluster's others stay. Any other list is the node's own.
 */
function withOwnValues(values: Rke2Values, own: Rke2Values): Rke2Values {
  const merged: Record<string, Rke2Value> = { ...values };
  for (const [key, value] of Object.entries(own)) {
    const held = merged[key];
    if (!key.endsWith('-arg') || !Array.isArray(held) || !Array.isArray(value)) merged[key] = value;
    else {
      const flags = new Set(value.map(flagOf));
      merged[key] = [...held.filter((item) => !flags.has(flagOf(item))), ...value];
    }
  }
  return merged;
}

function flagOf(argument: string | number | boolean): string {
  return String(argument).replace(/^--/, '').split('=')[0] ?? '';
}

function nodeValues(input: ConfigInput): Rke2Values {
  const { cluster, node, spec, externalAddress, registration } = input;
  return {
    ...(registration === null ? {} : { server: registrationUrl(registration) }),
    'node-name': node.name,
    ...(cluster.dataDir === DATA_DIR ? {} : { 'data-dir': cluster.dataDir }),
    ...listOf('node-ip', input.nodeAddresses),
    ...(externalAddress === null || hasCloudProvider(cluster)
      ? {}
      : { 'node-external-ip': [externalAddress] }),
    ...listOf(
      'node-label',
      Object.entries(spec.labels).map(([key, value]) => `${key}=${value}`),
    ),
    ...listOf('node-taint', nodeTaints({ roles: node.roles, taints: spec.taints }).map(taintText)),
    ...(cluster.registries.onlyMirrors ? { 'disable-default-registry-endpoint': true } : {}),
  };
}

/** A cloud provider says itself what a node's outer address is; with one RKE2 refuses to be told. */
function hasCloudProvider({ rke2 }: Cluster): boolean {
  return 'cloud-provider-name' in rke2.server || 'cloud-provider-name' in rke2.agent;
}

/** Names beyond those RKE2 puts into the serving certificates by itself. */
function subjectNames(cluster: Cluster, spec: ClusterNode, node: PlannedNode): readonly string[] {
  const endpoint = cluster.endpoint === null ? [] : [cluster.endpoint.host];
  const own = spec.address === node.address || spec.address === node.name ? [] : [spec.address];
  return [...new Set([...endpoint, ...cluster.tlsSans, ...own])];
}

/** `https://host:9345`, the supervisor that nodes register with. */
function registrationUrl(host: string): string {
  return `https://${bracketed(host)}:9345`;
}

function listOf(key: string, values: readonly string[]): Rke2Values {
  return values.length === 0 ? {} : { [key]: values };
}

/** Numbers become text: RKE2 reads every value as a flag's text, and YAML 1.1 would re-read some numbers. */
function plain(values: Rke2Values): Rke2Values {
  const text = (value: string | number | boolean) => (typeof value === 'number' ? String(value) : value);
  const entries = Object.entries(values).map(([key, value]): [string, Rke2Value] => [
    key,
    Array.isArray(value) ? value.map(text) : text(value as string | number | boolean),
  ]);
  return Object.fromEntries(entries);
}
