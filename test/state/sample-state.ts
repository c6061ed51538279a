import fc from 'fast-check';
import type { Cluster, ClusterNode, Rke2Value, SshAuth } from '../../src/domain/cluster.ts';
import { describeCluster } from '../../src/domain/describe-cluster.ts';
import type { Role } from '../../src/domain/role.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { NodeAccess, NodeRecord, State } from '../../src/domain/state.ts';
import { makeCluster } from '../support/make-cluster.ts';

/** Secret values that must never be found in a state file outside its `secrets` part. */
export const PLANTED = {
  sshKey: 'planted-ssh-key',
  bastionKey: 'planted-bastion-key',
  registryPassword: 'planted-registry-password',
  s3Secret: 'planted-s3-secret',
};

const AUTH: SshAuth = {
  key: new Secret(PLANTED.sshKey),
  keyPaths: ['/home/ops/.ssh/id_ed25519'],
  keyPathsAreDefaults: false,
  certificate: null,
  certificatePath: null,
  agent: 'auto',
};

/** A cluster of `count` nodes, three servers first, with a secret wherever the file can hold one. */
function sampleCluster(count = 4): Cluster {
  return {
    ...makeCluster(),
    name: 'prod',
    version: 'v1.35.7+rke2r1',
    nodes: Array.from({ length: count }, (_, index) => sampleNode(index)),
    install: {
      method: 'airgap',
      artifacts: '/srv/rke2',
      remote: null,
      channel: 'stable',
      package: 'tar',
      mirror: null,
      script: null,
      fetch: 'host',
      prefix: null,
    },
    endpoint: { host: 'api.example.org', port: 6443 },
    network: {
      cni: ['canal'],
      clusterCidr: ['10.42.0.0/16'],
      serviceCidr: ['10.43.0.0/16'],
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
    },
    tlsSans: ['api.example.org'],
    firewall: { provider: 'auto', zone: null, manage: 'open', public: ['api', 'ingress'] },
    prepare: ['inotify'],
    registries: {
      mirrors: { 'docker.io': { endpoints: ['https://registry.example.org'], rewrites: {} } },
      configs: {
        'registry.example.org': {
          auth: { username: 'pull', password: new Secret(PLANTED.registryPassword) },
          tls: null,
        },
      },
      systemDefault: 'registry.example.org',
      onlyMirrors: false,
    },
    kubeconfig: { path: '/home/ops/kube_config_cluster.yml', mode: 0o600, group: null },
    ssh: {
      hostKeys: 'accept-new',
      knownHosts: '/home/ops/.ssh/known_hosts',
      client: 'ssh2',
      connectTimeoutMs: 10_000,
      keepaliveMs: 15_000,
    },
    rke2: {
      server: { 'etcd-s3': true, 'kubelet-arg': ['max-pods=200'] },
      agent: { 'kubelet-arg': ['max-pods=200'] },
      secrets: { 'etcd-s3-secret-key': new Secret(PLANTED.s3Secret) },
    },
  };
}

/** A state of that cluster, every node joined. */
export function sampleState(count = 4): State {
  const records = Array.from({ length: count }, (_, index) => sampleRecord(index));
  return {
    schemaVersion: 1,
    clusterId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
    clusterName: 'prod',
    serial: 0,
    version: 'v1.35.7+rke2r1',
    bootstrapNodeId: sampleRecord(0).nodeId,
    caHash: 'a'.repeat(64),
    desired: describeCluster(sampleCluster(count)),
    addons: {},
    removing: false,
    nodes: Object.fromEntries(records.map((record) => [record.nodeId, record])),
    secrets: { serverToken: new Secret('server-token-0123'), agentToken: new Secret('agent-token-4567') },
  };
}

function rolesOf(index: number): readonly Role[] {
  return index < 3 ? ['etcd', 'controlplane'] : ['worker'];
}

function addressOf(index: number): string {
  return `198.18.${Math.floor(index / 250)}.${(index % 250) + 1}`;
}

function sampleNode(index: number): ClusterNode {
  return {
    key: `${addressOf(index)}:22`,
    address: addressOf(index),
    port: 22,
    internalAddress: null,
    otherInternalAddress: null,
    name: `node-${index}`,
    user: 'ops',
    roles: rolesOf(index),
    auth: AUTH,
    rke2: {},
    bastions: [
      {
        address: 'jump.example.org',
        port: 22,
        user: 'jump',
        auth: { ...AUTH, key: new Secret(PLANTED.bastionKey) },
      },
    ],
    labels: { tier: 'front' },
    taints: [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }],
  };
}

function sampleRecord(index: number): NodeRecord {
  return {
    nodeId: index.toString(16).padStart(16, '0'),
    name: `node-${index}`,
    machineId: index.toString(16).padStart(32, '0'),
    hostKey: 'SHA256:abcdef',
    address: addressOf(index),
    port: 22,
    clusterAddress: addressOf(index),
    roles: rolesOf(index),
    version: 'v1.35.7+rke2r1',
    phase: 'joined',
  };
}

const text = fc.string({ unit: 'binary', maxLength: 20 });
const scalar: fc.Arbitrary<string | number | boolean> = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const rke2Value: fc.Arbitrary<Rke2Value> = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
const rke2Values = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), rke2Value, {
  noNullPrototype: true,
});
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

const access: fc.Arbitrary<NodeAccess> = fc.record({
  user: text,
  keyPaths: fc.array(text, { maxLength: 2 }),
  keyPathsAreDefaults: fc.boolean(),
  certificatePath: fc.option(text),
  agent: fc.constantFrom('required', 'auto'),
  bastions: fc.array(fc.record({ address: text, port: fc.integer({ min: 1, max: 65_535 }), user: text }), {
    maxLength: 2,
  }),
});

const applied: fc.Arbitrary<NodeRecord> = fc.record({
  nodeId: hex(16),
  name: text,
  machineId: text,
  hostKey: fc.option(text),
  address: text,
  port: fc.integer({ min: 1, max: 65_535 }),
  clusterAddress: text,
  roles: fc.subarray<Role>(['etcd', 'controlplane', 'worker']),
  version: text,
  phase: fc.constantFrom('staged', 'joined'),
});

/** What states of earlier releases did not have yet. */
const later: fc.Arbitrary<Partial<NodeRecord>> = fc.record(
  {
    ssh: access,
    startedWith: fc.option(hex(16), { nil: '' }),
    labels: fc.array(text, { maxLength: 3 }),
    taints: fc.array(text, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

const record: fc.Arbitrary<NodeRecord> = fc
  .tuple(applied, later)
  .map(([entry, more]) => ({ ...entry, ...more }));

/** Any state that the types allow: odd text everywhere, any number of nodes, with and without a desired cluster. */
export const anyState: fc.Arbitrary<State> = fc.record({
  schemaVersion: fc.constant(1 as const),
  clusterId: hex(32),
  clusterName: text,
  serial: fc.nat(),
  version: fc.option(text),
  bootstrapNodeId: fc.option(hex(16)),
  caHash: fc.option(hex(64)),
  desired: fc.option(
    fc
      .record({
        name: text,
        count: fc.nat(5),
        server: rke2Values,
        labels: fc.dictionary(hex(4), text, { noNullPrototype: true }),
      })
      .map(({ name, count, server, labels }) => {
        const base = sampleCluster(count);
        const nodes = base.nodes.map((node) => ({ ...node, labels }));
        return describeCluster({ ...base, name, nodes, rke2: { ...base.rke2, server } });
      }),
  ),
  removing: fc.boolean(),
  addons: fc.dictionary(
    hex(4),
    fc.record({
      sha256: hex(64),
      url: fc.option(text),
      objects: fc.array(fc.record({ apiVersion: text, kind: text, namespace: fc.option(text), name: text }), {
        maxLength: 3,
      }),
    }),
    { noNullPrototype: true },
  ),
  nodes: fc
    .array(record, { maxLength: 5 })
    .map((records) => Object.fromEntries(records.map((entry) => [entry.nodeId, entry]))),
  secrets: fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 }))
    .map(([server, agent]) => ({ serverToken: new Secret(server), agentToken: new Secret(agent) })),
});
