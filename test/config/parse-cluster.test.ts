import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Cluster } from '../../src/domain/cluster.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { configEnvironment } from '../support/config-environment.ts';

const env = configEnvironment();
const NODE = 'nodes: [{address: 10.0.0.11, role: [controlplane, etcd, worker]}]\n';
const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret-of-the-key\n-----END OPENSSH PRIVATE KEY-----\n';

function parse(text: string, file = 'prod.yml'): Cluster {
  const { cluster, findings } = parseCluster(text, file, env);
  if (!cluster) throw new Error(findings.map(({ message }) => message).join('\n'));
  return cluster;
}

function firstNode(text: string): Cluster['nodes'][number] {
  const [node] = parse(text).nodes;
  if (!node) throw new Error('no node');
  return node;
}

function find(text: string): readonly Diagnostic[] {
  return parseCluster(text, 'cluster.yml', env).findings;
}

describe('defaults', () => {
  it('fill everything that one node leaves open', () => {
    const usual = ['/home/me/.ssh/id_rsa', '/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_ecdsa'];
    expect(parse(NODE)).toEqual({
      name: 'local',
      version: null,
      nodes: [
        {
          key: '10.0.0.11:22',
          address: '10.0.0.11',
          port: 22,
          internalAddress: null,
          otherInternalAddress: null,
          name: null,
          user: 'me',
          roles: ['etcd', 'controlplane', 'worker'],
          auth: {
            key: null,
            keyPaths: usual,
            keyPathsAreDefaults: true,
            certificate: null,
            certificatePath: null,
            agent: 'auto',
          },
          bastions: [],
          labels: {},
          taints: [],
          rke2: {},
        },
      ],
      install: {
        method: 'script',
        artifacts: null,
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
      kubeconfig: { path: '/srv/site/kube_config_prod.yml', mode: 0o600, group: null },
      ssh: {
        hostKeys: 'accept-new',
        knownHosts: '/home/me/.ssh/known_hosts',
        client: 'ssh2',
        connectTimeoutMs: 10_000,
        keepaliveMs: 15_000,
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
      ttlSeconds: null,
      runTtlSeconds: null,
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
    });
  });

  it('hold for keys with nothing behind them', () => {
    const empty = `${NODE}cluster_name:\nendpoint: ~\ninstall:\n  artifacts:\nssh: {client: null}\nbastion_host: {address: "", port: ""}\nkubernetes_version: ""\n`;
    expect(parse(empty)).toEqual(parse(NODE));
  });
});

describe('nodes', () => {
  it.each([
    ['10.0.0.11', '10.0.0.11:22', null],
    ['Server-1.Example.com', 'Server-1.Example.com:22', 'server-1.example.com'],
    ['fd00::0:11', '[fd00::11]:22', null],
    ['"[FD00::11]"', '[fd00::11]:22', null],
  ])('%s has the key %s and the name %s', (address, key, name) => {
    const node = firstNode(`nodes: [{address: ${address}, role: [controlplane, etcd]}]`);
    expect([node.key, node.name]).toEqual([key, name]);
  });

  it('take a port as number or as text', () => {
    for (const port of ['2222', '"2222"', "'2222'"]) {
      expect(firstNode(`nodes: [{address: a.example, port: ${port}, role: [controlplane, etcd]}]`).port).toBe(
        2222,
      );
    }
  });

  it('have the override as name, in lower case', () => {
    const text = 'nodes: [{address: a.example, hostname_override: Server-1, role: [controlplane, etcd]}]';
    expect(firstNode(text).name).toBe('server-1');
  });

  it('may share what an anchor holds', () => {
    const text = `
nodes:
  - &server {address: 10.0.0.11, user: root, role: [controlplane, etcd], labels: {example.com/a: ""}}
  - {<<: *server, address: 10.0.0.12}
  - {<<: *server, address: 10.0.0.13, user: admin}
`;
    expect(parse(text).nodes.map(({ address, user }) => `${user}@${address}`)).toEqual([
      'root@10.0.0.11',
      'root@10.0.0.12',
      'admin@10.0.0.13',
    ]);
    expect(parse(text).nodes[1]?.labels).toEqual({ 'example.com/a': '' });
  });

  it('carry taints, the value being optional', () => {
    const taints = 'taints: [{key: a, effect: NoExecute}, {key: b, value: "", effect: NoSchedule}]';
    expect(firstNode(`nodes: [{address: a.example, role: [controlplane, etcd], ${taints}}]`).taints).toEqual([
      { key: 'a', value: '', effect: 'NoExecute' },
      { key: 'b', value: '', effect: 'NoSchedule' },
    ]);
  });
});

describe('keys for SSH', () => {
  const node = (extra: string) => `nodes: [{address: a.example, role: [controlplane, etcd]${extra}}]\n`;

  it.each([
    ['ssh_key_path: ~/k', '', ['/home/me/k'], false, 'auto'],
    ['ssh_key_path: keys/k', '', ['/srv/site/keys/k'], false, 'auto'],
    ['ssh_key_path: /k', ', ssh_key_path: /own', ['/own'], false, 'auto'],
    ['ssh_agent_auth: true', '', [], false, 'required'],
    ['ssh_agent_auth: true', ', ssh_key_path: /own', ['/own'], false, 'auto'],
    ['ssh_agent_auth: true', ', ssh_agent_auth: false, ssh_key_path: /own', ['/own'], false, 'auto'],
    ['ssh_key_path: /k', ', ssh_agent_auth: true', [], false, 'required'],
  ])('%s with %j gives %j', (top, own, keyPaths, keyPathsAreDefaults, agent) => {
    expect(firstNode(`${node(own)}${top}\n`).auth).toMatchObject({ keyPaths, keyPathsAreDefaults, agent });
  });

  it('take the text of a key, and never show it', () => {
    const { auth } = firstNode(`${node(`, ssh_key: ${JSON.stringify(KEY)}`)}ssh_key_path: /k\n`);
    expect(auth.key?.reveal()).toBe(KEY);
    expect(auth.keyPaths).toEqual([]);
    expect(`${JSON.stringify(auth)}${inspect(auth, { depth: 9 })}`).not.toContain('secret-of-the-key');
  });

  it('take certificates from the node or the cluster', () => {
    const { auth } = firstNode(`${node('')}ssh_cert_path: ~/c-cert.pub\n`);
    expect(auth.certificatePath).toBe('/home/me/c-cert.pub');
  });
});

describe('bastions', () => {
  it('come from the cluster, from the node, or not at all', () => {
    const text = `
ssh_key_path: /k
bastion_host: {address: b.example, user: jump, port: "2222"}
nodes:
  - {address: 10.0.0.11, role: [controlplane, etcd]}
  - {address: 10.0.0.12, role: [worker], bastion_host: [{address: c.example}, {address: "fd00::1", ssh_key_path: /d}]}
  - {address: 10.0.0.13, role: [worker], bastion_host: []}
`;
    const chains = parse(text).nodes.map(({ bastions }) =>
      bastions.map(({ address, auth, port, user }) => `${user}@${address} ${port} ${auth.keyPaths.join()}`),
    );
    expect(chains).toEqual([['jump@b.example 2222 /k'], ['me@c.example 22 /k', 'me@fd00::1 22 /d'], []]);
  });
});

describe('sections', () => {
  it('read addresses of both families', () => {
    const text = `${NODE}network: {plugin: [multus, cilium]}
services:
  kube-api: {service_cluster_ip_range: "10.96.0.0/16, fd00:96::/112"}
  kube-controller: {cluster_cidr: [10.97.0.0/16, "fd00:97::/56"], service_cluster_ip_range: "10.96.0.0/16,fd00:96::/112"}
`;
    expect(parse(text).network).toEqual({
      cni: ['multus', 'cilium'],
      clusterCidr: ['10.97.0.0/16', 'fd00:97::/56'],
      serviceCidr: ['10.96.0.0/16', 'fd00:96::/112'],
      clusterDns: ['10.96.0.10', 'fd00:96::a'],
      clusterDomain: 'cluster.local',
    });
  });

  it.each([
    ['k8s.example.com', 'k8s.example.com', 6443],
    ['10.0.0.10:443', '10.0.0.10', 443],
    ['"[FD00::10]:443"', 'fd00::10', 443],
    ['fd00::10', 'fd00::10', 6443],
  ])('read the endpoint %s', (written, host, port) => {
    expect(parse(`${NODE}endpoint: ${written}\n`).endpoint).toEqual({ host, port });
  });

  it.each([
    ['10s', 10_000],
    ['500ms', 500],
    ['1.5m', 90_000],
    ['7', 7000],
    ['0.25', 250],
    ['1h', 3_600_000],
  ])('read the time %s', (written, ms) => {
    expect(parse(`${NODE}ssh: {connect_timeout: ${written}}\n`).ssh.connectTimeoutMs).toBe(ms);
  });

  it('make paths absolute, and leave URLs alone', () => {
    const local = parse(
      `${NODE}install: {artifacts: ./rke2}\nkubeconfig: {path: ~/x, mode: "640", group: ops}\n`,
      'a/b.yml',
    );
    expect(local.install).toMatchObject({ method: 'airgap', artifacts: '/srv/site/a/rke2' });
    expect(local.kubeconfig).toEqual({ path: '/home/me/x', mode: 0o640, group: 'ops' });
    const url = parse(
      `${NODE}install: {script: "https://m.example/install.sh", mirror: "https://m.example/"}\n`,
      '/etc/c.yaml',
    );
    expect(url.install).toMatchObject({
      method: 'script',
      script: 'https://m.example/install.sh',
      mirror: 'https://m.example',
    });
    expect(url.kubeconfig.path).toBe('/etc/kube_config_c.yaml');
  });

  it('keep passwords of registries to themselves', () => {
    const { registries } = parse(`${NODE}private_registries: [{user: u, password: hunter2}]\n`);
    expect(registries.configs['registry-1.docker.io']?.auth?.password.reveal()).toBe('hunter2');
    expect(registries.configs['registry-1.docker.io']?.auth?.username).toBe('u');
    expect(registries.systemDefault).toBeNull();
    expect(JSON.stringify(registries)).not.toContain('hunter2');
  });

  it('hand through the keys of RKE2', () => {
    const text = `${NODE}rke2: {server: {debug: true, kubelet-arg: [max-pods=200], disable: rke2-metrics-server}, agent: {debug: true}}\n`;
    expect(parse(text).rke2).toEqual({
      server: { debug: true, 'kubelet-arg': ['max-pods=200'], disable: 'rke2-metrics-server' },
      agent: { debug: true },
      secrets: {},
    });
  });

  it('need no etcd node when the data lie outside', () => {
    const text =
      'nodes: [{address: a.example, role: [controlplane, worker]}]\ndatastore: {endpoint: "https://e.example:2379"}\n';
    expect(find(text)).toEqual([]);
  });
});

describe('findings', () => {
  it('come sorted by their place in the file', () => {
    const findings = find(
      'foo: 1\nnodes:\n  - {address: 10.0.0.11, role: [etcd], port: 0}\nbar: 2\nendpoint: "a b"\n',
    );
    expect(findings.map(({ position }) => position?.line)).toEqual([1, 2, 2, 3, 4, 5]);
  });

  it('do not follow from other findings', () => {
    expect(
      find('nodes: [{address: 10.0.0.11, role: [etcdd, controlplane]}]').map(({ code }) => code),
    ).toEqual(['invalid-value']);
    const cidr = `${NODE}services: {kube-api: {service_cluster_ip_range: 10.42.0.0/99}, kubelet: {cluster_dns_server: 10.42.0.10}}`;
    expect(find(cidr).map(({ code }) => code)).toEqual(['cidr-invalid']);
    expect(find(`${NODE}install: {method: airgapp, package: rpm}`).map(({ code }) => code)).toEqual([
      'invalid-value',
    ]);
  });

  it('name the line of CRLF files too', () => {
    const [finding] = find(
      'nodes:\r\n  - address: 10.0.0.11\r\n    role: [etcd, controlplane, worker]\r\n    prot: 1\r\n',
    );
    expect(finding?.position).toEqual({ file: 'cluster.yml', line: 4, column: 5 });
  });

  it('read a thousand nodes in a breath', () => {
    const nodes = Array.from({ length: 1000 }, (_, index) => {
      const role = index < 3 ? '[controlplane, etcd]' : '[worker]';
      return `  - {address: 10.1.${index >> 8}.${index & 255}, hostname_override: n${index}, role: ${role}}\n`;
    });
    const pods = 'services: {kube-controller: {cluster_cidr: 10.64.0.0/14}}\n';
    const started = performance.now();
    expect(parse(`${pods}nodes:\n${nodes.join('')}`).nodes).toHaveLength(1000);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
