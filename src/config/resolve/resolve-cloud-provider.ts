import type { JsonMap, NodeFile } from '../../domain/cluster.ts';
import { Secret } from '../../domain/secret.ts';
import { MANIFEST_PREFIX, manifestsDir, OWN_FILES_DIR } from '../../rke2/paths.ts';
import { DEFAULTS } from '../defaults.ts';
import { CLOUD_PROVIDERS } from '../keys/cloud-provider.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { readSecret, type SecretContext } from '../secret-value.ts';
import { chartMap } from './chart-map.ts';
import type { Contribution } from './contribution.ts';
import { yamlText } from './yaml-text.ts';

type CloudInput = NonNullable<ClusterInput['cloud_provider']>;

/** Harvester's charts look for a file of this name in a directory that they are told. */
const HARVESTER_DIR = `${OWN_FILES_DIR}/harvester`;

/** Name and configuration of the cloud provider on every node, and the values of the charts that RKE2 brings for it. */
export function contributeCloudProvider(
  input: ClusterInput,
  context: SecretContext,
  dataDir: string,
): Partial<Contribution> {
  const cloud = input.cloud_provider;
  const name = nameOf(cloud);
  if (cloud === undefined || name === null) return {};
  const provider = CLOUD_PROVIDERS[name];
  const file = configFile(cloud, context);
  const keys = {
    'cloud-provider-name': provider,
    ...(file !== null && { 'cloud-provider-config': file.path }),
  };
  const parts = provider === 'rancher-vsphere' ? vsphere(input, context, dataDir) : { files: [], values: {} };
  return {
    server: { ...keys, ...(provider === 'external' && { 'disable-cloud-controller': true }) },
    agent: keys,
    files: [...(file === null ? [] : [file]), ...parts.files],
    chartValues: {
      ...parts.values,
      ...(provider === 'harvester' && file !== null && harvesterValues(input)),
    },
  };
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

function vsphere(input: ClusterInput, context: SecretContext, dataDir: string) {
  const center = readCenter(input, context);
  if (center === null) return { files: [], values: {} };
  const { clusterId, datacenters, host, insecure, port } = center;
  const network = input.cloud_provider?.vsphereCloudProvider?.network?.['public-network'];
  const values = {
    'rancher-vsphere-cpi': chartMap({
      vCenter: { host, port, insecureFlag: insecure, datacenters, credentialsSecret: { generate: false } },
      nodesEnable: network === undefined ? undefined : true,
      nodes: { externalVmNetworkName: network },
    }),
    'rancher-vsphere-csi': chartMap({
      vCenter: {
        host,
        port,
        insecureFlag: insecure ? '1' : '0',
        datacenters,
        clusterId,
        configSecret: { generate: false },
      },
    }),
  };
  return { files: [credentials(center, dataDir)], values };
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

/** The two Secrets that the charts would make from values: as a file of their own, so that no plan and no state has them. */
function credentials(center: Center, dataDir: string): NodeFile {
  const secret = (name: string, data: Readonly<Record<string, string>>) =>
    yamlText({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'kube-system' },
      type: 'Opaque',
      stringData: data,
    });
  const text = [
    secret('vsphere-cpi-creds', {
      [`${center.host}.username`]: center.user,
      [`${center.host}.password`]: center.password,
    }),
    secret('vsphere-config-secret', { 'csi-vsphere.conf': driverConfig(center) }),
  ];
  const path = `${manifestsDir(dataDir)}/${MANIFEST_PREFIX}vsphere-credentials.yaml`;
  return { path, content: new Secret(text.join('---\n')), on: 'servers' };
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
