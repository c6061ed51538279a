import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Cluster, ClusterNode, Rke2Values } from '../../src/domain/cluster.ts';
import type { Role } from '../../src/domain/role.ts';
import { type ConfigInput, renderConfigYaml, renderJoinDropIn } from '../../src/render/config-yaml.ts';
import { serviceOf } from '../../src/rke2/roles.ts';
import { makeCluster, makeNode } from '../support/make-cluster.ts';

function input(
  roles: readonly Role[],
  overrides: Partial<ConfigInput> = {},
  cluster: Partial<Cluster> = {},
  spec: Partial<ClusterNode> = {},
): ConfigInput {
  return {
    cluster: makeCluster(cluster),
    node: { key: '10.0.0.1:22', id: 'a', name: 'n1', address: '10.0.0.1', roles, service: serviceOf(roles) },
    spec: makeNode('10.0.0.1', roles, spec),
    version: 'v1.35.7+rke2r1',
    nodeAddresses: ['10.0.0.1'],
    externalAddress: null,
    registration: null,
    ...overrides,
  };
}

describe('config.yaml', () => {
  it('of the first server of a cluster', () => {
    expect(renderConfigYaml(input(['etcd', 'controlplane', 'worker']))).toMatchInlineSnapshot(`
      "# Written by rke2ctl. Edit cluster.yml and run \`rke2ctl up\`: changes made here are drift.
      node-name: "n1"
      node-ip:
        - "10.0.0.1"
      token-file: "/etc/rancher/rke2/server-token"
      agent-token-file: "/etc/rancher/rke2/agent-token"
      cluster-cidr:
        - "10.42.0.0/16"
      service-cidr:
        - "10.43.0.0/16"
      cluster-dns:
        - "10.43.0.10"
      cluster-domain: "cluster.local"
      cni:
        - "canal"
      "
    `);
  });

  it('asks for the ingress controllers of the file, on servers alone', () => {
    const render = (roles: readonly Role[]) =>
      parse(renderConfigYaml(input(roles, {}, { ingress: ['traefik', 'ingress-nginx'] })));
    expect(render(['etcd'])).toMatchObject({ 'ingress-controller': ['traefik', 'ingress-nginx'] });
    expect(render(['worker'])).not.toHaveProperty('ingress-controller');
  });

  it('leaves a node’s outer address to a cloud provider, which RKE2 demands', () => {
    const rke2 = { server: {}, agent: { 'cloud-provider-name': 'external' }, secrets: {} };
    const nat = { externalAddress: '203.0.113.7' };
    expect(parse(renderConfigYaml(input(['worker'], nat, { rke2 })))).not.toHaveProperty('node-external-ip');
    expect(parse(renderConfigYaml(input(['worker'], nat)))).toHaveProperty('node-external-ip');
  });

  it('of a worker behind NAT, with labels, taints and an endpoint', () => {
    const text = renderConfigYaml(
      input(
        ['worker'],
        { registration: 'api.example', externalAddress: '203.0.113.7' },
        {},
        { labels: { zone: 'a', number: '1' }, taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
      ),
    );
    expect(text).toMatchInlineSnapshot(`
      "# Written by rke2ctl. Edit cluster.yml and run \`rke2ctl up\`: changes made here are drift.
      server: "https://api.example:9345"
      node-name: "n1"
      node-ip:
        - "10.0.0.1"
      node-external-ip:
        - "203.0.113.7"
      node-label:
        - "zone=a"
        - "number=1"
      node-taint:
        - "gpu=yes:NoSchedule"
      token-file: "/etc/rancher/rke2/agent-token"
      "
    `);
  });

  it.each<[readonly Role[], Record<string, unknown>]>([
    [['etcd', 'controlplane', 'worker'], {}],
    [['etcd', 'controlplane'], { taint: true }],
    [['etcd'], { taint: true, apiserver: true }],
    [['controlplane'], { taint: true, etcd: true }],
    [['etcd', 'worker'], { apiserver: true }],
    [['controlplane', 'worker'], { etcd: true }],
  ])('of %j leaves out what the roles do not name', (roles, expected) => {
    const values = parse(renderConfigYaml(input(roles))) as Record<string, unknown>;
    expect(values['disable-etcd']).toBe(expected['etcd']);
    for (const key of ['disable-apiserver', 'disable-controller-manager', 'disable-scheduler']) {
      expect(values[key]).toBe(expected['apiserver']);
    }
    expect(values['node-taint']).toEqual(
      expected['taint'] ? ['CriticalAddonsOnly=true:NoExecute'] : undefined,
    );
  });

  it('names the endpoint, the extra names and a host name people use in the certificates', () => {
    const text = renderConfigYaml(
      input(
        ['etcd', 'controlplane'],
        { node: { ...input(['etcd']).node, address: '192.168.1.5' } },
        { endpoint: { host: 'api.example', port: 6443 }, tlsSans: ['extra.example', 'api.example'] },
        { address: 'server1.example' },
      ),
    );
    expect(parse(text)).toMatchObject({ 'tls-san': ['api.example', 'extra.example', 'server1.example'] });
  });

  it('puts IPv6 addresses into brackets where they stand in URLs', () => {
    expect(renderJoinDropIn('fd00::1')).toContain('server: "https://[fd00::1]:9345"');
  });

  it('holds what the file sets of RKE2, in a form that YAML 1.1 reads the same', () => {
    const scalar = fc.oneof(
      fc.constantFrom(
        '0644',
        'on',
        'no',
        '1e3',
        '0o17',
        '2024-01-01',
        '12:30:45',
        '~',
        'null',
        '1_000',
        ' x ',
        "it's",
        'a: b',
        '# c',
      ),
      fc.string(),
      fc.integer(),
    );
    const server: fc.Arbitrary<Rke2Values> = fc.record({
      'write-kubeconfig-mode': scalar,
      'kube-apiserver-arg': fc.array(scalar, { minLength: 1, maxLength: 4 }),
      debug: fc.boolean(),
    });
    fc.assert(
      fc.property(server, (values) => {
        const text = renderConfigYaml(
          input(['etcd', 'controlplane'], {}, { rke2: { server: values, agent: {}, secrets: {} } }),
        );
        const asText = (value: unknown) => (typeof value === 'number' ? String(value) : value);
        const list = values['kube-apiserver-arg'] as readonly unknown[];
        for (const version of ['1.1', '1.2'] as const) {
          const read = parse(text, { version }) as Record<string, unknown>;
          expect(read['write-kubeconfig-mode']).toBe(asText(values['write-kubeconfig-mode']));
          expect(read['kube-apiserver-arg']).toEqual(list.map(asText));
          expect(read['debug']).toBe(values['debug']);
        }
      }),
      { numRuns: 500 },
    );
  });
});
