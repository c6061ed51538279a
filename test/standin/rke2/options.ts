import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { checkNodeFamilies, checkRanges } from './address-families.ts';
import type { ExternalDatastore } from './external-datastore.ts';
import { readExternalDatastore } from './external-datastore.ts';
import type { ParsedFlags } from './flags.ts';
import { isSet, listOf, numberOf, textOf } from './flags.ts';
import { CommandError } from './log.ts';
import { detectNodeAddresses } from './node-address.ts';
import { ensureNodeId } from './node-password.ts';
import type { Paths } from './paths.ts';
import { DEFAULT_DATA_DIRECTORY, pathsOf } from './paths.ts';

/** What a server and an agent alike are told. */
export interface NodeOptions {
  readonly paths: Paths;
  readonly token: string;
  readonly server: string;
  readonly nodeName: string;
  readonly nodeAddresses: readonly string[];
  readonly externalAddresses: readonly string[];
  readonly labels: readonly string[];
  readonly taints: readonly string[];
  readonly registriesFile: string;
  readonly systemDefaultRegistry: string;
  readonly profile: string;
  readonly protectKernelDefaults: boolean | undefined;
  readonly loadBalancerPort: number;
  readonly kubeletArgs: readonly string[];
  readonly cloudProvider: string;
  readonly credentialProvider: { readonly directory: string; readonly config: string };
}

/** Everything `rke2 server` is told. */
export interface ServerOptions extends NodeOptions {
  readonly agentToken: string;
  readonly bindAddress: string;
  readonly advertiseAddress: string;
  readonly tlsSans: readonly string[];
  readonly clusterCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly egressSelectorMode: string;
  readonly cni: readonly string[];
  readonly ingress: readonly string[];
  readonly disabled: readonly string[];
  readonly embeddedRegistry: boolean;
  readonly supervisorMetrics: boolean;
  readonly encryptionProvider: string;
  readonly disableCloudController: boolean;
  readonly disableKubeProxy: boolean;
  readonly runsApiServer: boolean;
  readonly runsControllerManager: boolean;
  readonly runsScheduler: boolean;
  readonly runsEtcd: boolean;
  /** Where the cluster's data lie instead of in an etcd that servers run. */
  readonly datastore: ExternalDatastore | undefined;
  readonly exposeEtcdMetrics: boolean;
  readonly etcdArgs: readonly string[];
  readonly kubeconfig: {
    readonly path: string;
    readonly mode: string;
    readonly group: string;
    readonly name: string;
  };
  readonly snapshots: SnapshotOptions;
  readonly flags: ParsedFlags;
}

/** How scheduled snapshots are taken. `directory` is empty for the default one. */
export interface SnapshotOptions {
  readonly disabled: boolean;
  readonly name: string;
  readonly schedule: string;
  readonly retention: number;
  readonly directory: string;
  readonly compress: boolean;
}

const CNIS = ['calico', 'canal', 'cilium', 'flannel'];
const INGRESSES = ['ingress-nginx', 'traefik'];

/** The cloud providers that RKE2 packages; one with a controller of its own takes the place of RKE2's. */
export const CLOUD_CHARTS: Readonly<
  Record<string, { readonly storage: string; readonly controller?: string } | undefined>
> = {
  'rancher-vsphere': { storage: 'rancher-vsphere-csi', controller: 'rancher-vsphere-cpi' },
  harvester: { storage: 'harvester-csi-driver', controller: 'harvester-cloud-provider' },
  ovirt: { storage: 'rke2-ovirt-csi-driver' },
};

/** Reads the part common to servers and agents. */
export function readNodeOptions(flags: ParsedFlags): NodeOptions {
  const paths = pathsOf(textOf(flags, 'data-dir', DEFAULT_DATA_DIRECTORY));
  const profile = textOf(flags, 'profile');
  if (profile !== '' && !/^(cis|cis-1\.\d+|etcd)$/.test(profile)) {
    throw new CommandError('invalid value provided for --profile flag');
  }
  const baseName = textOf(flags, 'node-name', hostname()).toLowerCase();
  const cloudProvider = textOf(flags, 'cloud-provider-name');
  const externalAddresses = listOf(flags, 'node-external-ip');
  if (textOf(flags, 'cloud-provider-config') !== '' && cloudProvider === '') {
    throw new CommandError('--cloud-provider-config requires --cloud-provider-name to be provided');
  }
  if (
    (cloudProvider !== '' || textOf(flags, 'cloud-provider-config') !== '') &&
    externalAddresses.length > 0
  ) {
    throw new CommandError("can't set node-external-ip while using cloud provider");
  }
  return {
    paths,
    token: readSecret(flags, 'token'),
    server: textOf(flags, 'server').replace(/\/+$/, ''),
    nodeName: isSet(flags, 'with-node-id') ? `${baseName}-${ensureNodeId()}` : baseName,
    nodeAddresses: listOf(flags, 'node-ip', []).length > 0 ? listOf(flags, 'node-ip') : detectNodeAddresses(),
    externalAddresses,
    labels: listOf(flags, 'node-label'),
    taints: listOf(flags, 'node-taint'),
    registriesFile: textOf(flags, 'private-registry', '/etc/rancher/rke2/registries.yaml'),
    systemDefaultRegistry: textOf(flags, 'system-default-registry'),
    profile,
    protectKernelDefaults: flags.values.has('protect-kernel-defaults')
      ? isSet(flags, 'protect-kernel-defaults')
      : undefined,
    loadBalancerPort: numberOf(flags, 'lb-server-port', 6444),
    kubeletArgs: listOf(flags, 'kubelet-arg'),
    cloudProvider,
    credentialProvider: {
      directory: textOf(
        flags,
        'image-credential-provider-bin-dir',
        '/var/lib/rancher/credentialprovider/bin',
      ),
      config: textOf(
        flags,
        'image-credential-provider-config',
        '/var/lib/rancher/credentialprovider/config.yaml',
      ),
    },
  };
}

/** Reads and validates everything of `rke2 server`, with RKE2's words for what it refuses. */
export function readServerOptions(flags: ParsedFlags, versionMinor: number): ServerOptions {
  const node = readNodeOptions(flags);
  const datastore = readExternalDatastore(flags);
  const runsEtcd = !isSet(flags, 'disable-etcd') && datastore === undefined;
  if (!runsEtcd && node.server === '' && datastore === undefined) {
    throw new CommandError('invalid flag use; --server is required with --disable-etcd');
  }
  if (isSet(flags, 'disable-apiserver') && datastore !== undefined) {
    throw new CommandError('invalid flag use; cannot use --disable-apiserver with --datastore-endpoint');
  }
  if (textOf(flags, 'cluster-reset-restore-path') !== '' && !isSet(flags, 'cluster-reset')) {
    throw new CommandError('invalid flag use; --cluster-reset required with --cluster-reset-restore-path');
  }
  const isIPv6Node = isIPv6(node.nodeAddresses[0] ?? '');
  const clusterCidrs = listOf(flags, 'cluster-cidr', [isIPv6Node ? 'fd00:42::/56' : '10.42.0.0/16']);
  const serviceCidrs = listOf(flags, 'service-cidr', [isIPv6Node ? 'fd00:43::/112' : '10.43.0.0/16']);
  checkRanges(clusterCidrs, serviceCidrs);
  checkNodeFamilies(clusterCidrs, node.nodeAddresses);
  return {
    ...node,
    agentToken: readSecret(flags, 'agent-token'),
    bindAddress: textOf(flags, 'bind-address'),
    advertiseAddress: textOf(flags, 'advertise-address', node.externalAddresses[0] ?? node.nodeAddresses[0]),
    tlsSans: listOf(flags, 'tls-san'),
    clusterCidrs,
    serviceCidrs,
    clusterDns: listOf(
      flags,
      'cluster-dns',
      serviceCidrs.map((cidr) => addressIn(cidr, 10)),
    ),
    clusterDomain: textOf(flags, 'cluster-domain', 'cluster.local'),
    egressSelectorMode: textOf(flags, 'egress-selector-mode', 'agent'),
    cni: validateCni(listOf(flags, 'cni', ['canal'])),
    ingress: validateIngress(
      listOf(flags, 'ingress-controller', [versionMinor >= 36 ? 'traefik' : 'ingress-nginx']),
    ),
    disabled: listOf(flags, 'disable'),
    embeddedRegistry: isSet(flags, 'embedded-registry'),
    supervisorMetrics: isSet(flags, 'supervisor-metrics'),
    encryptionProvider: textOf(flags, 'secrets-encryption-provider', 'aescbc'),
    disableCloudController:
      isSet(flags, 'disable-cloud-controller') || CLOUD_CHARTS[node.cloudProvider]?.controller !== undefined,
    disableKubeProxy: isSet(flags, 'disable-kube-proxy'),
    runsApiServer: !isSet(flags, 'disable-apiserver'),
    runsControllerManager: !isSet(flags, 'disable-controller-manager'),
    runsScheduler: !isSet(flags, 'disable-scheduler'),
    runsEtcd,
    datastore,
    exposeEtcdMetrics: isSet(flags, 'etcd-expose-metrics'),
    etcdArgs: listOf(flags, 'etcd-arg'),
    kubeconfig: {
      path: textOf(flags, 'write-kubeconfig'),
      mode: textOf(flags, 'write-kubeconfig-mode', '0600'),
      group: textOf(flags, 'write-kubeconfig-group'),
      name: textOf(flags, 'write-kubeconfig-name', 'default'),
    },
    snapshots: {
      disabled: isSet(flags, 'etcd-disable-snapshots'),
      name: textOf(flags, 'etcd-snapshot-name', 'etcd-snapshot'),
      schedule: textOf(flags, 'etcd-snapshot-schedule-cron', '0 */12 * * *'),
      retention: numberOf(flags, 'etcd-snapshot-retention', 5),
      directory: textOf(flags, 'etcd-snapshot-dir'),
      compress: isSet(flags, 'etcd-snapshot-compress'),
    },
    flags,
  };
}

/** The n-th address of a CIDR, e.g. 10.43.0.10 for 10.43.0.0/16 and 10. */
export function addressIn(cidr: string, index: number): string {
  const base = cidr.split('/')[0] ?? cidr;
  if (isIPv6(base)) return `${base.replace(/::$/, '')}::${index.toString(16)}`.replace(':::', '::');
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function readSecret(flags: ParsedFlags, name: string): string {
  const value = textOf(flags, name);
  const file = textOf(flags, `${name}-file`);
  if (value !== '' || file === '') return value;
  if (!existsSync(file)) throw new CommandError(`open ${file}: no such file or directory`);
  return readFileSync(file, 'utf8').trim();
}

function validateCni(names: readonly string[]): readonly string[] {
  const refuse = (reason: string): never => {
    throw new CommandError(`Failed to validate --cni flag: ${reason}`);
  };
  if (names.length > 2) refuse('must specify 1 or 2 values');
  const [first = '', second] = names;
  if (first === 'multus' && second === undefined)
    refuse('multus must be used alongside another primary cni selection');
  if (second !== undefined && first !== 'multus')
    refuse('may only provide multiple values if multus is the first value');
  for (const name of names) {
    if (name === 'multus' || (name === 'none' && names.length === 1) || CNIS.includes(name)) continue;
    throw new CommandError(`Invalid value ${name} for --cni flag: must be one of ${CNIS.join(',')}`);
  }
  return names;
}

function validateIngress(names: readonly string[]): readonly string[] {
  if (names.length === 1 && names[0] === 'none') return [];
  for (const name of names) {
    if (INGRESSES.includes(name)) continue;
    throw new CommandError(
      `Invalid value ${name} for --ingress-controller flag: must be one of ${INGRESSES.join(',')}`,
    );
  }
  return names;
}
