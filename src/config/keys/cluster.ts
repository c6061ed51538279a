import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { showValue } from '../finding.ts';
import { EndpointSchema } from '../schema/endpoint.ts';
import { VersionSchema } from '../schema/kubernetes-version.ts';
import { checked, text } from '../schema/scalars.ts';
import { ADDON_KEYS } from './addons.ts';
import { AuthenticationSchema } from './authentication.ts';
import { AuthorizationSchema } from './authorization.ts';
import { BastionChainSchema } from './bastion.ts';
import { CertificatesSchema } from './certificates.ts';
import { ChartsSection, ChartValuesSection } from './charts.ts';
import { CloudProviderSection } from './cloud-provider.ts';
import { DATA_DIR_KEYS } from './data-dir.ts';
import { DatastoreSchema } from './datastore.ts';
import { DnsSection } from './dns.ts';
import { DOCKER_KEYS } from './docker.ts';
import { FirewallSchema } from './firewall.ts';
import { HARDENING_KEYS } from './hardening.ts';
import { IngressSection } from './ingress.ts';
import { InstallSchema } from './install.ts';
import { config, group, mapped, ours, own, required } from './key.ts';
import { KubeconfigSchema } from './kubeconfig.ts';
import { MonitoringSection } from './monitoring.ts';
import { NetworkSchema } from './network.ts';
import { NodeSchema } from './node.ts';
import { PrivateRegistrySchema } from './private-registries.ts';
import { ProxySchema } from './proxy.ts';
import { REGISTRIES_KEYS } from './registries.ts';
import { RKE1_VERB_KEYS } from './rke1-verbs.ts';
import { Rke2Schema } from './rke2.ts';
import { ServicesSchema } from './services.ts';
import { SshSchema } from './ssh.ts';
import { CLUSTER_SSH_KEYS } from './ssh-login.ts';
import { SystemImagesSection } from './system-images.ts';
import { TransferSchema } from './transfer.ts';
import { TTL_KEYS } from './ttl.ts';
import { UPGRADE_KEYS } from './upgrade-strategy.ts';

const ClusterNameSchema = checked(text('must be a name'), (name) =>
  /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(name)
    ? null
    : {
        message: `${showValue(name)} cannot be the name of a cluster.`,
        hint: 'At most 63 letters, digits, `-`, `_` and `.`; the first and the last are letters or digits.',
      },
);

const CLUSTER_KEYS = {
  cluster_name: mapped(ClusterNameSchema, {
    description: 'Name of the cluster, and of its context in the kubeconfig.',
    examples: ['prod'],
    default: `\`${DEFAULTS.clusterName}\``,
    becomes: [ours('the names in the kubeconfig')],
  }),
  kubernetes_version: mapped(VersionSchema, {
    description: 'The version of RKE2. Only a version written here ever upgrades.',
    examples: ['v1.35.7+rke2r1'],
    default: 'what the artifacts hold or the channel says, once; then pinned in the state',
    becomes: [ours('which version is installed')],
  }),
  nodes: required(
    group(
      z
        .array(NodeSchema, { error: 'must be a list of nodes, each with `address` and `role`' })
        .min(1, { error: 'must hold at least one node' }),
      {
        description: 'The machines of the cluster.',
        examples: [[{ address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] }]],
      },
    ),
  ),
  endpoint: own(EndpointSchema, {
    description:
      'Fixed registration address `host[:port]`: a name, a virtual IP or a load balancer in front of the servers. Every node must be able to resolve it.',
    examples: ['k8s.example.com', '10.0.0.10:6443', '[fd00::10]:6443'],
    default: `none; without a port \`${DEFAULTS.apiPort}\` is meant`,
    becomes: [config('server'), config('tls-san')],
  }),
  install: group(InstallSchema, {
    origin: 'rke2ctl',
    description: 'How RKE2 gets onto the nodes.',
    examples: [{ method: 'script' }],
  }),
  network: group(NetworkSchema, { description: 'The CNI.', examples: [{ plugin: 'canal' }] }),
  dns: DnsSection,
  ingress: IngressSection,
  monitoring: MonitoringSection,
  cloud_provider: CloudProviderSection,
  charts: ChartsSection,
  chart_values: ChartValuesSection,
  system_images: SystemImagesSection,
  services: group(ServicesSchema, {
    description: 'Settings of RKE2’s components.',
    examples: [{ 'kube-controller': { cluster_cidr: '10.42.0.0/16' } }],
  }),
  authentication: group(AuthenticationSchema, {
    description: 'How the API server knows people, and by which names it is known.',
    examples: [{ sans: ['k8s.example.com'] }],
  }),
  authorization: group(AuthorizationSchema, {
    description: 'Who may do what: RKE2 leaves no choice.',
    examples: [{ mode: 'rbac' }],
  }),
  certificates: group(CertificatesSchema, {
    origin: 'rke2ctl',
    description: 'Certificate authorities of your own.',
    examples: [{ ca: './ca' }],
  }),
  datastore: group(DatastoreSchema, {
    origin: 'rke2ctl',
    description: 'A database of your own instead of etcd on the nodes.',
    examples: [{ endpoint: 'env:DATASTORE_ENDPOINT' }],
  }),
  ...HARDENING_KEYS,
  private_registries: group(z.array(PrivateRegistrySchema, { error: 'must be a list of registries' }), {
    description: 'Registries that images come from.',
    examples: [[{ url: 'registry.example.com:5000', is_default: true }]],
  }),
  ...REGISTRIES_KEYS,
  ...ADDON_KEYS,
  proxy: group(ProxySchema, {
    origin: 'rke2ctl',
    description: 'The nodes reach the world through a proxy.',
    examples: [{ https: 'http://proxy.example.com:3128', http: 'http://proxy.example.com:3128' }],
  }),
  ...UPGRADE_KEYS,
  ...TTL_KEYS,
  ...DATA_DIR_KEYS,
  firewall: group(FirewallSchema, {
    origin: 'rke2ctl',
    description: 'What is done about the hosts’ firewall.',
    examples: [{ provider: 'none' }],
  }),
  prepare: own(
    z.array(
      z.enum(['network-manager', 'cis-sysctl', 'cis-user', 'inotify'], {
        error: 'must be `network-manager`, `cis-sysctl`, `cis-user` or `inotify`',
      }),
      { error: 'must be a list of preparations' },
    ),
    {
      description: 'Changes to the hosts beyond RKE2’s own files; only those named here are made.',
      examples: [['network-manager', 'inotify']],
      default: '`[]`: the host is left as it is',
      becomes: [ours('how hosts are prepared before RKE2 first starts')],
    },
  ),
  kubeconfig: group(KubeconfigSchema, {
    origin: 'rke2ctl',
    description: 'The kubeconfig that `up` writes.',
    examples: [{ path: '~/.kube/prod.yaml' }],
  }),
  ssh: group(SshSchema, {
    origin: 'rke2ctl',
    description: 'How SSH is done.',
    examples: [{ client: 'openssh' }],
  }),
  ...CLUSTER_SSH_KEYS,
  transfer: group(TransferSchema, {
    origin: 'rke2ctl',
    description:
      'Release files leave your machine once and go from node to node from there, where nodes let each other in. These are the limits.',
    examples: [{ operator_mbps: 50 }],
  }),
  bastion_host: group(BastionChainSchema, {
    description:
      'Jump host on the way to the nodes, or a list of them: the first is the one that you reach directly.',
    examples: [{ address: 'bastion.example.com', user: 'ubuntu' }],
  }),
  rke2: group(Rke2Schema, {
    origin: 'rke2ctl',
    description: 'Further keys of RKE2’s own config.yaml.',
    examples: [{ server: { 'etcd-expose-metrics': true } }],
  }),
  ...RKE1_VERB_KEYS,
  ...DOCKER_KEYS,
};

/** All of cluster.yml. */
export const ClusterSchema = z.strictObject(CLUSTER_KEYS, {
  error: 'must be a map of settings: `nodes`, `cluster_name`, …',
});

/** cluster.yml as it is written, once it is known to be well-formed. */
export type ClusterInput = z.output<typeof ClusterSchema>;
