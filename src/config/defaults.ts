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
  fanOut: 2,
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
