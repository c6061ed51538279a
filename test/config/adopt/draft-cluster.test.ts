import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { draftCluster } from '../../../src/config/adopt/draft-cluster.ts';
import type { AdoptableNode } from '../../../src/config/adopt/draft-nodes.ts';
import { fitDraft } from '../../../src/config/adopt/fit-draft.ts';
import { adoptedFolder } from '../../../src/config/adopt/local-files.ts';
import { configEnvironment } from '../../support/config-environment.ts';
import { foundFile, makeFoundHost } from '../../support/make-found-host.ts';

const VERSION = 'v1.35.7+rke2r1';

function draft(nodes: readonly AdoptableNode[]) {
  const drafted = draftCluster({
    nodes,
    given: { cluster_name: 'old' },
    logins: nodes.map(({ spec }) => ({ address: spec.address, user: 'root' })),
    version: VERSION,
    folder: './cluster-adopted',
  });
  const fitted = fitDraft(drafted, {
    file: 'cluster.yml',
    schema: '/schema.json',
    comment: 'Test.',
    env: configEnvironment(),
  });
  return { ...fitted, keys: parse(fitted.text) as Record<string, unknown> };
}

const codes = (notes: readonly { readonly code: string }[]) => notes.map(({ code }) => code);

describe('cluster.yml of what was found', () => {
  it('is short where everything is as RKE2 has it by itself', () => {
    const { keys, notes, cluster } = draft([
      makeFoundHost(1, { config: 'token: abc' }),
      makeFoundHost(2, { service: 'rke2-agent', config: 'server: https://10.0.0.1:9345\ntoken: abc' }),
    ]);
    expect(keys).toEqual({
      cluster_name: 'old',
      kubernetes_version: VERSION,
      nodes: [
        { address: '10.0.0.1', user: 'root', role: ['controlplane', 'etcd', 'worker'] },
        { address: '10.0.0.2', user: 'root', role: ['worker'] },
      ],
    });
    expect(notes).toEqual([]);
    expect(cluster.version).toBe(VERSION);
  });

  it('says what rke2-ansible leaves: one block on servers and agents, group labels, SANs, a hardened profile', () => {
    const block = (lines: string) => `# BEGIN ANSIBLE MANAGED BLOCK\n${lines}\n# END ANSIBLE MANAGED BLOCK\n`;
    const common = [
      'profile: cis\nselinux: true\ncni:\n- cilium\ndisable:\n- rke2-ingress-nginx\n- rke2-metrics-server',
      'tls-san:\n- k8s.example.com\nwrite-kubeconfig-mode: "0640"\netcd-snapshot-retention: 12',
      'kube-apiserver-arg:\n- audit-log-maxage=30\n- feature-gates=Some=true',
      'kubelet-arg:\n- streaming-connection-idle-timeout=5m',
    ].join('\n');
    const { keys, notes, cluster } = draft([
      makeFoundHost(1, { config: block(common) }),
      makeFoundHost(2, { config: block(`${common}\nserver: https://k8s.example.com:9345`) }),
      makeFoundHost(3, {
        service: 'rke2-agent',
        config: block(`${common}\nserver: https://k8s.example.com:9345\nnode-label:\n- tier=apps`),
        node: { labels: { tier: 'apps' } },
      }),
    ]);
    expect(keys).toMatchObject({
      endpoint: 'k8s.example.com',
      profile: 'cis',
      selinux: true,
      network: { plugin: 'cilium' },
      services: {
        etcd: { backup_config: { schedule: '0 */12 * * *', retention: 12 } },
        'kube-api': { extra_args: { 'audit-log-maxage': '30', 'feature-gates': 'Some=true' } },
      },
      rke2: {
        server: {
          disable: ['rke2-ingress-nginx', 'rke2-metrics-server'],
          'kubelet-arg': ['streaming-connection-idle-timeout=5m'],
        },
        agent: { 'kubelet-arg': ['streaming-connection-idle-timeout=5m'] },
      },
    });
    expect(cluster.nodes[2]?.labels).toEqual({ tier: 'apps' });
    expect(codes(notes)).toEqual(['adopt-key-left']);
  });

  it('says what lablabs’ role leaves: taints on servers, S3 snapshots, a name for each node, an endpoint by IP', () => {
    const server = [
      'token: defaultSecret12345\ndata-dir: /var/lib/rancher/rke2\ncni: [canal]',
      'tls-san:\n  - cluster.local\n  - 10.0.0.100\nnode-taint:\n  - "CriticalAddonsOnly=true:NoExecute"',
      'snapshotter: overlayfs\netcd-s3: true\netcd-s3-bucket: backups\netcd-s3-access-key: AKIA\netcd-s3-secret-key: hush',
      'etcd-snapshot-schedule-cron: "0 3 * * *"',
    ].join('\n');
    const taints = [{ key: 'CriticalAddonsOnly', value: 'true', effect: 'NoExecute' }];
    const { keys, text, files, cluster, notes } = draft([
      makeFoundHost(1, {
        config: `${server}\nnode-name: master-01`,
        node: { name: 'master-01', taints },
        roles: ['etcd', 'controlplane'],
      }),
      makeFoundHost(2, {
        service: 'rke2-agent',
        config: 'server: https://10.0.0.100:9345\ntoken: defaultSecret12345\nsnapshotter: overlayfs',
      }),
    ]);
    expect(keys).toMatchObject({
      endpoint: '10.0.0.100',
      nodes: [{ hostname_override: 'master-01', role: ['controlplane', 'etcd'] }, { role: ['worker'] }],
      authentication: { sans: ['cluster.local'] },
      rke2: { server: { 'etcd-s3-retention': 5 }, agent: {} },
    });
    expect(cluster.nodes[0]?.taints).toEqual([]);
    expect(notes).toEqual([]);
    expect(text).not.toContain('hush');
    expect(text).not.toContain('defaultSecret12345');
    expect(files.map(({ path, content }) => [path, content])).toEqual([
      ['./cluster-adopted/s3-access-key', 'AKIA'],
      ['./cluster-adopted/s3-secret-key', 'hush'],
    ]);
    expect(cluster.rke2.secrets['etcd-s3-secret-key']?.reveal()).toBe('hush');
  });

  it('keeps what single nodes have for themselves', () => {
    const { cluster } = draft([
      makeFoundHost(1, { config: 'kubelet-arg: [max-pods=200]\netcd-expose-metrics: true' }),
      makeFoundHost(2, {
        config: 'server: https://10.0.0.1:9345\nkubelet-arg: [max-pods=100]\netcd-expose-metrics: true',
      }),
      makeFoundHost(3, {
        config: 'server: https://10.0.0.1:9345\nkubelet-arg: [max-pods=100]\netcd-expose-metrics: true',
      }),
    ]);
    expect(cluster.nodes.map(({ rke2 }) => rke2)).toEqual([
      { 'kubelet-arg': ['max-pods=200'] },
      { 'kubelet-arg': ['max-pods=100'] },
      { 'kubelet-arg': ['max-pods=100'] },
    ]);
    expect(cluster.rke2.server).toEqual({ 'etcd-expose-metrics': true });
  });

  it('tells of what cluster.yml cannot say: unknown keys, differing cluster-wide ones, refused values', () => {
    const { notes } = draft([
      makeFoundHost(1, { config: 'tls-sans: [x]\nservicelb-namespace: a\nkubelet-arg: ["--no-dashes=1"]' }),
      makeFoundHost(2, { config: 'server: https://10.0.0.1:9345\nkubelet-arg: ["--no-dashes=1"]' }),
    ]);
    expect(notes.map(({ code, message }) => `${code} ${/`[^`]+`/.exec(message)?.[0]}`)).toEqual([
      'adopt-key-lost `servicelb-namespace`',
      'adopt-key-unknown `tls-sans`',
      'adopt-key-lost `rke2.server.kubelet-arg`',
    ]);
  });

  it('escapes what would be a variable', () => {
    const { cluster } = draft([makeFoundHost(1, { config: `kubelet-arg: ["kube-reserved=\${HOME}"]` })]);
    expect(cluster.rke2.server['kubelet-arg']).toEqual([`kube-reserved=\${HOME}`]);
  });

  it('does not give a host behind NAT an address that RKE2 was not told of', () => {
    const host = makeFoundHost(1);
    const behind = { ...host, spec: { ...host.spec, address: '203.0.113.7', key: '203.0.113.7:22' } };
    expect(draft([behind]).cluster.nodes[0]?.rke2).toEqual({ 'node-external-ip': [] });
  });
});

describe('files beside cluster.yml', () => {
  it('are named after it', () => {
    expect(['cluster.yml', 'envs/prod.yaml', './x'].map(adoptedFolder)).toEqual([
      './cluster-adopted',
      './prod-adopted',
      './x-adopted',
    ]);
  });

  it('hold manifests and passwords of registries; what has no words stays on the hosts', () => {
    const registries = (more = '') =>
      foundFile(
        '/etc/rancher/rke2/registries.yaml',
        `mirrors:\n  docker.io:\n    endpoint: ["https://r.example:5000"]\nconfigs:\n  "r.example:5000":\n    auth: {username: u, password: p4ss${more}}\n    tls: {ca_file: /etc/ssl/r.crt, insecure_skip_verify: true}\n`,
      );
    const manifest = foundFile(
      '/var/lib/rancher/rke2/server/manifests/team.yaml',
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n',
    );
    const host = (n: number, text = registries()) =>
      makeFoundHost(n, { files: { registries: text, manifests: n === 1 ? [manifest] : [] } });
    const left = draft([host(1), host(2, registries(', identity_token: t'))]);
    expect(left.keys['registries']).toBeUndefined();
    expect(codes(left.notes)).toEqual(['adopt-registries-left']);
    expect(left.keys['addons_include']).toEqual(['./cluster-adopted/team.yaml']);
    const withoutCa = draft([host(1), host(2)]);
    expect(codes(withoutCa.notes)).toEqual(['adopt-registries-left']);
  });

  it('say registries.yaml word for word, and RPMs, when all nodes have them alike', () => {
    const text =
      'mirrors:\n  "*": {endpoint: ["https://r.example"], rewrite: {"^(.*)$": "x/$1"}}\nconfigs:\n  r.example:\n    auth: {username: u, password: p4ss}\n';
    const node = (n: number) =>
      makeFoundHost(n, {
        config: n === 1 ? '' : 'server: https://10.0.0.1:9345',
        files: { registries: foundFile('/etc/rancher/rke2/registries.yaml', text) },
      });
    const asRpm = (host: ReturnType<typeof node>) => ({
      ...host,
      facts: { ...host.facts, rke2: { ...host.facts.rke2, rpm: true } },
    });
    const { keys, files, cluster, notes } = draft([node(1), node(2)].map(asRpm));
    expect(keys['registries']).toEqual({
      mirrors: { '*': { endpoints: ['https://r.example'], rewrites: { '^(.*)$': 'x/$1' } } },
      configs: {
        'r.example': {
          auth: { username: 'u', password: 'file:./cluster-adopted/registry-r.example-password' },
        },
      },
    });
    expect(files).toEqual([{ path: './cluster-adopted/registry-r.example-password', content: 'p4ss' }]);
    expect(cluster.registries.configs['r.example']?.auth?.password.reveal()).toBe('p4ss');
    expect(keys['install']).toEqual({ method: 'script', package: 'rpm' });
    expect(notes).toEqual([]);
  });
});
