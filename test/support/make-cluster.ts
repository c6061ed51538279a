import type { Cluster, ClusterNode } from '../../src/domain/cluster.ts';
import type { Role } from '../../src/domain/role.ts';

/** A node that is fine in every respect; `overrides` makes it otherwise. */
export function makeNode(
  address: string,
  roles: readonly Role[],
  overrides: Partial<ClusterNode> = {},
): ClusterNode {
  const port = overrides.port ?? 22;
  return {
    key: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    address,
    port,
    internalAddress: null,
    otherInternalAddress: null,
    name: null,
    user: 'root',
    roles,
    auth: {
      key: null,
      keyPaths: ['/root/.ssh/id_rsa'],
      keyPathsAreDefaults: true,
      certificate: null,
      certificatePath: null,
      agent: 'auto',
    },
    bastions: [],
    labels: {},
    taints: [],
    rke2: {},
    ...overrides,
  };
}

/** A cluster that passes every check on the hosts of `makeFacts`: one server with all roles unless `nodes` says more. */
export function makeCluster(overrides: Partial<Cluster> = {}): Cluster {
  return {
    name: 'local',
    version: 'v1.35.7+rke2r1',
    nodes: [makeNode('10.0.0.1', ['etcd', 'controlplane', 'worker'])],
    install: {
      method: 'airgap',
      artifacts: '/srv/artifacts',
      remote: null,
      channel: 'stable',
      package: 'tar',
      mirror: null,
      script: null,
      fetch: 'host',
      prefix: null,
    },
    endpoint: null,
    network: {
      cni: ['canal'],
      clusterCidr: ['10.42.0.0/16'],
      serviceCidr: ['10.43.0.0/16'],
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
    },
    tlsSans: [],
    firewall: { provider: 'auto', zone: null, manage: 'open', public: ['api', 'ingress', 'nodeports'] },
    prepare: [],
    registries: { mirrors: {}, configs: {}, systemDefault: null, onlyMirrors: false },
    kubeconfig: { path: '/work/kube_config_cluster.yml', mode: 0o600, group: null },
    ssh: {
      hostKeys: 'accept-new',
      knownHosts: '/root/.ssh/known_hosts',
      client: 'ssh2',
      connectTimeoutMs: 15_000,
      keepaliveMs: 10_000,
    },
    transfer: { operatorMbps: null, nodeMbps: null, fanOut: 2 },
    dataDir: '/var/lib/rancher/rke2',
    ingress: null,
    externalDatastore: false,
    rke2: { server: {}, agent: {}, secrets: {} },
    files: [],
    environment: {},
    addons: [],
    addonTimeoutMs: 45_000,
    charts: [],
    chartValues: {},
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
    ttlSeconds: null,
    runTtlSeconds: null,
    ...overrides,
  };
}
