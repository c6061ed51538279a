import { stringify } from 'yaml';
import type { Addon, JsonMap, NodeFile } from '../../domain/cluster.ts';
import { Secret } from '../../domain/secret.ts';
import { OWN_FILES_DIR } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { CLOUD_PROVIDERS } from '../keys/cloud-provider.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import { chartMap } from './chart-map.ts';
import type { Contribution } from './contribution.ts';

type CloudInput = NonNullable<ClusterInput['cloud_provider']>;

/** Harvester's charts look for a file of this name in a directory that they are told. */
const HARVESTER_DIR = `${OWN_FILES_DIR}/harvester`;

/** Name and configuration of the cloud provider on every node, and the values of the charts that RKE2 brings for it. */
export function contributeCloudProvider(input: ClusterInput, context: SecretContext): Partial<Contribution> {
  const cloud = input.cloud_provider;
  const name = nameOf(cloud);
  if (cloud === undefined || name === null) return {};
  const provider = CLOUD_PROVIDERS[name];
  const file = configFile(cloud, context);
  const keys = {
    'cloud-provider-name': provider,
    ...(file !== null && { 'cloud-provider-config': file.path }),
  };
  return {
    server: { ...keys, ...(provider === 'external' && { 'disable-cloud-controller': true }) },
    agent: keys,
    files: file === null ? [] : [file],
    chartValues: {
      ...(provider === 'rancher-vsphere' && vsphereValues(input, context)),
      ...(provider === 'harvester' && file !== null && harvesterValues(input)),
    },
  };
}

/** The credentials of vSphere as a manifest of two Secrets, which the charts would otherwise make from their values. */
export function resolveCloudAddons(input: ClusterInput, context: SecretContext): readonly Addon[] {
  const name = nameOf(input.cloud_provider);
  const isVsphere = name !== null && CLOUD_PROVIDERS[name] === 'rancher-vsphere';
  const center = isVsphere ? readCenter(input, context) : null;
  return center === null ? [] : [{ name: 'vsphere-credentials', source: { text: credentials(center) } }];
}

/** The provider by name, or by the section that only one of them has. */
export function nameOf(cloud: ClusterInput['cloud_provider']): keyof typeof CLOUD_PROVIDERS | null {
  if (cloud?.name !== undefined) return cloud.name as keyof typeof CLOUD_PROVIDERS;
  if (cloud?.vsphereCloudProvider !== undefined) return 'vsphere';
  return cloud?.harvesterCloudProvider === undefined ? null : 'harvester';
}

function configFile(cloud: CloudInput, context: SecretContext): NodeFile | null {
  const { customCloudProvider: custom, harvesterCloudProvider: harvester } = cloud;
  if (custom !== undefined) {
    const path = `${OWN_FILES_DIR}/cloud-provider-config`;
    return { path, content: readSecret(custom, context), on: 'all' };
  }
  if (harvester?.cloud_config === undefined) return null;
  const path = `${HARVESTER_DIR}/cloud-provider-config`;
  return { path, content: readSecret(harvester.cloud_config, context), on: 'all' };
}

function harvesterValues(input: ClusterInput): Readonly<Record<string, JsonMap>> {
  return {
    'harvester-cloud-provider': {
      cloudConfigPath: `${HARVESTER_DIR}/cloud-provider-config`,
      global: { cattle: { clusterName: input.cluster_name ?? DEFAULTS.clusterName } },
    },
    'harvester-csi-driver': { cloudConfig: { hostPath: `${HARVESTER_DIR}/` } },
  };
}

/** The one vCenter, as both of RKE2's charts want to know it. */
interface Center {
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  readonly datacenters: string;
  readonly user: string;
  readonly password: string;
  readonly clusterId: string;
}

function vsphereValues(input: ClusterInput, context: SecretContext): Readonly<Record<string, JsonMap>> {
  const center = readCenter(input, context);
  if (center === null) return {};
  const { datacenters, host, insecure, port } = center;
  const network = input.cloud_provider?.vsphereCloudProvider?.network?.['public-network'];
  return {
    'rancher-vsphere-cpi': chartMap({
      vCenter: { host, port, insecureFlag: insecure, datacenters, credentialsSecret: { generate: false } },
      nodesEnable: network === undefined ? undefined : true,
      nodes: { externalVmNetworkName: network },
    }),
    'rancher-vsphere-csi': { vCenter: { configSecret: { generate: false } } },
  };
}

function readCenter(input: ClusterInput, context: SecretContext): Center | null {
  const { global = {}, virtual_center = {} } = input.cloud_provider?.vsphereCloudProvider ?? {};
  const [host = global.server, own = {}] = Object.entries(virtual_center)[0] ?? [];
  if (host === undefined) return null;
  const password = own.password ?? global.password;
  return {
    host,
    port: Number(own.port ?? global.port ?? 443),
    insecure: global['insecure-flag'] ?? false,
    datacenters: own.datacenters ?? global.datacenters ?? global.datacenter ?? '',
    user: own.user ?? global.user ?? '',
    password: password === undefined ? '' : readSecret(password, context).reveal(),
    clusterId: input.cluster_name ?? DEFAULTS.clusterName,
  };
}

/** A text of its own, so that no plan and no state has what is in it. */
function credentials(center: Center): Secret {
  const secrets = {
    'vsphere-cpi-creds': {
      [`${center.host}.username`]: center.user,
      [`${center.host}.password`]: center.password,
    },
    'vsphere-config-secret': { 'csi-vsphere.conf': driverConfig(center) },
  };
  const documents = Object.entries(secrets).map(([name, stringData]) =>
    stringify(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: 'kube-system' },
        type: 'Opaque',
        stringData,
      },
      { version: '1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 },
    ),
  );
  return new Secret(documents.join('---\n'));
}

function driverConfig(center: Center): string {
  const quote = (value: string | number) => JSON.stringify(String(value));
  return [
    '[Global]',
    `cluster-id = ${quote(center.clusterId)}`,
    `user = ${quote(center.user)}`,
    `password = ${quote(center.password)}`,
    `port = ${quote(center.port)}`,
    `insecure-flag = ${quote(center.insecure ? 1 : 0)}`,
    '',
    `[VirtualCenter ${quote(center.host)}]`,
    `datacenters = ${quote(center.datacenters)}`,
    '',
  ].join('\n');
}
