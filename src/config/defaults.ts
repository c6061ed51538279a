/** Every value that holds when cluster.yml does not say otherwise. The only place where one is written down. */
export const DEFAULTS = {
  clusterName: 'local',
  sshPort: 22,
  /** Under the home directory, tried in this order; missing ones are passed over. */
  sshKeys: ['.ssh/id_rsa', '.ssh/id_ed25519', '.ssh/id_ecdsa'],
  cni: 'canal',
  clusterCidr: '10.42.0.0/16',
  serviceCidr: '10.43.0.0/16',
  clusterDomain: 'cluster.local',
  /** The DNS service's place in the service CIDR. */
  clusterDnsOffset: 10,
  apiPort: 6443,
  channel: 'stable',
  package: 'tar',
  fetch: 'host',
  firewallProvider: 'auto',
  firewallManage: 'open',
  firewallPublic: ['api', 'ingress', 'nodeports'],
  hostKeys: 'accept-new',
  /** Under the home directory. */
  knownHosts: '.ssh/known_hosts',
  sshClient: 'ssh2',
  connectTimeoutMs: 10_000,
  keepaliveMs: 15_000,
  kubeconfigPrefix: 'kube_config_',
  kubeconfigMode: 0o600,
  registryUrl: 'docker.io',
  dataDir: '/var/lib/rancher/rke2',
  addonTimeoutMs: 45_000,
  upgrade: {
    maxUnavailableWorker: '10%',
    maxUnavailableControlplane: '1',
    drain: false,
    drainInput: {
      force: false,
      ignoreDaemonsets: true,
      deleteEmptydir: false,
      gracePeriodSeconds: -1,
      timeoutSeconds: 120,
    },
  },
} as const;

/** One row of the table of defaults that people read: the key in cluster.yml and what holds without it. */
export interface DefaultRow {
  readonly key: string;
  readonly value: string;
}

/** All defaults in words, in the order of the file's keys. */
export const DEFAULTS_TABLE: readonly DefaultRow[] = [
  { key: 'cluster_name', value: code(DEFAULTS.clusterName) },
  {
    key: 'kubernetes_version',
    value: 'what the artifacts hold or the channel says, once; then pinned in the state',
  },
  { key: 'nodes[].port', value: code(DEFAULTS.sshPort) },
  { key: 'nodes[].user', value: 'the user who runs rke2ctl' },
  {
    key: 'nodes[].internal_address',
    value: 'the address of the host’s default route, or `address` when the host has it',
  },
  {
    key: 'nodes[].hostname_override',
    value: '`address` in lower case if it is a name, else the host’s own hostname',
  },
  {
    key: 'ssh_key_path',
    value: `${code(`~/${DEFAULTS.sshKeys[0]}`)}, else the SSH agent, else ${otherKeys()}`,
  },
  { key: 'ssh_agent_auth', value: `${code(false)}: the agent is asked after the keys, if there is one` },
  { key: 'nodes[].bastion_host', value: 'the `bastion_host` of the cluster; an empty list means none' },
  { key: 'bastion_host.port, .user, .ssh_key_path', value: 'as for nodes' },
  { key: 'network.plugin', value: code(DEFAULTS.cni) },
  { key: 'services.kube-controller.cluster_cidr', value: code(DEFAULTS.clusterCidr) },
  { key: 'services.kube-api.service_cluster_ip_range', value: code(DEFAULTS.serviceCidr) },
  { key: 'services.kubelet.cluster_domain', value: code(DEFAULTS.clusterDomain) },
  {
    key: 'services.kubelet.cluster_dns_server',
    value: `the ${DEFAULTS.clusterDnsOffset}th address of the service CIDR`,
  },
  { key: 'endpoint', value: `none; without a port ${code(DEFAULTS.apiPort)} is meant` },
  { key: 'install.method', value: '`airgap` when `install.artifacts` is given, else `script`' },
  { key: 'install.channel', value: code(DEFAULTS.channel) },
  { key: 'install.package', value: code(DEFAULTS.package) },
  { key: 'install.fetch', value: code(DEFAULTS.fetch) },
  { key: 'install.prefix', value: '`/usr/local`, or `/opt/rke2` where that is read-only or a mount point' },
  { key: 'firewall.provider', value: code(DEFAULTS.firewallProvider) },
  { key: 'firewall.zone', value: 'firewalld’s default zone' },
  { key: 'firewall.manage', value: code(DEFAULTS.firewallManage) },
  { key: 'firewall.public', value: code(`[${DEFAULTS.firewallPublic.join(', ')}]`) },
  { key: 'prepare', value: '`[]`: the host is left as it is' },
  { key: 'private_registries[].url', value: code(DEFAULTS.registryUrl) },
  { key: 'kubeconfig.path', value: `${code(`${DEFAULTS.kubeconfigPrefix}<file name>`)} beside cluster.yml` },
  { key: 'kubeconfig.mode', value: code(`0${DEFAULTS.kubeconfigMode.toString(8)}`) },
  { key: 'ssh.host_keys', value: code(DEFAULTS.hostKeys) },
  { key: 'ssh.known_hosts', value: code(`~/${DEFAULTS.knownHosts}`) },
  { key: 'ssh.client', value: code(DEFAULTS.sshClient) },
  { key: 'ssh.connect_timeout', value: code(`${DEFAULTS.connectTimeoutMs / 1000}s`) },
  { key: 'ssh.keepalive', value: code(`${DEFAULTS.keepaliveMs / 1000}s`) },
];

/** The table of defaults as Markdown, as it stands in the README. */
export function renderDefaultsTable(): string {
  const rows = DEFAULTS_TABLE.map(({ key, value }) => `| \`${key}\` | ${value} |`);
  return ['| key | without it |', '|---|---|', ...rows, ''].join('\n');
}

function code(value: string | number | boolean): string {
  return `\`${value}\``;
}

function otherKeys(): string {
  return DEFAULTS.sshKeys
    .slice(1)
    .map((key) => code(`~/${key}`))
    .join(', ');
}
