import { describe, expect, it } from 'vitest';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

function read(dns: string, rest = '') {
  return readClusterYml(`${rest}\ndns: ${dns}`);
}

/** The Corefile's server blocks as CoreDNS’ chart makes them out of its values. */
function renderCorefile(servers: unknown, domain = 'cluster.local'): string {
  const blocks = servers as readonly {
    readonly zones: readonly { readonly zone: string }[];
    readonly port: number;
    readonly plugins: readonly { readonly name: string; readonly parameters?: string | number }[];
  }[];
  return blocks
    .map(({ plugins, port, zones }) => {
      const lines = plugins.map(({ name, parameters }) =>
        [
          name,
          ...(name === 'kubernetes' ? [domain] : []),
          ...(parameters === undefined ? [] : [parameters]),
        ].join(' '),
      );
      return `${zones.map(({ zone }) => zone).join(' ')}:${port} { ${lines.join('; ')} }`;
    })
    .join('\n');
}

describe('dns', () => {
  it('says nothing to CoreDNS when the file says nothing', () => {
    expect(read('{provider: coredns}').chartValues).toEqual({});
    expect(read('null').chartValues).toEqual({});
  });

  it('gives upstream servers, reverse networks and stub domains to CoreDNS', () => {
    const { chartValues } = read(
      '{upstreamnameservers: [1.1.1.1, "10.0.0.53:5353"], reversecidrs: [172.16.0.0/12], stubdomains: {corp.example.com: [10.0.0.53, "fd00::53"]}}',
    );
    expect(renderCorefile(chartValues['rke2-coredns']?.['servers'])).toMatchInlineSnapshot(`
      ".:53 { errors; health; ready; kubernetes cluster.local 172.16.0.0/12; prometheus 0.0.0.0:9153; forward . 1.1.1.1 10.0.0.53:5353; cache 30; loop; reload; loadbalance }
      corp.example.com:53 { errors; cache 30; forward . 10.0.0.53 fd00::53 }"
    `);
  });

  it('keeps the nodes’ own servers beside stub domains', () => {
    const { chartValues } = read('{stubdomains: {corp.example.com: [10.0.0.53]}}');
    expect(renderCorefile(chartValues['rke2-coredns']?.['servers'])).toContain(
      'kubernetes cluster.local in-addr.arpa ip6.arpa; prometheus 0.0.0.0:9153; forward . /etc/resolv.conf;',
    );
  });

  it('places CoreDNS and its autoscaler', () => {
    const { chartValues } = read(
      `{node_selector: {dns: yes}, tolerations: [{key: x, operator: Exists}], update_strategy: {rollingUpdate: {maxUnavailable: "20%", maxSurge: 0}},
  options: {coredns_priority_class_name: one, coredns_autoscaler_priority_class_name: two},
  linear_autoscaler_params: {cores_per_replica: 0.34, nodes_per_replica: 4, min: 2, max: 5, prevent_single_point_failure: false}}`,
    );
    expect(chartValues).toEqual({
      'rke2-coredns': {
        nodeSelector: { dns: 'yes' },
        tolerations: [{ key: 'x', operator: 'Exists' }],
        rollingUpdate: { maxUnavailable: '20%', maxSurge: 0 },
        priorityClassName: 'one',
        autoscaler: {
          coresPerReplica: 0.34,
          nodesPerReplica: 4,
          min: 2,
          max: 5,
          preventSinglePointFailure: false,
          priorityClassName: 'two',
          tolerations: [{ key: 'x', operator: 'Exists' }],
        },
      },
    });
  });

  it('turns the nodes’ cache on', () => {
    const { chartValues, rke2 } = read('{nodelocal: {ip_address: 169.254.20.10, node_selector: {a: b}}}');
    expect(chartValues).toEqual({
      'rke2-coredns': { nodelocal: { enabled: true, ip_address: '169.254.20.10', nodeSelector: { a: 'b' } } },
    });
    expect(rke2.agent).toEqual({});
  });

  it('tells the kubelets of the cache where kube-proxy uses IPVS', () => {
    const ipvs = 'services: {kubeproxy: {extra_args: {proxy-mode: ipvs}}}';
    const { chartValues, rke2 } = read('{nodelocal: {ip_address: 169.254.20.10}}', ipvs);
    expect(chartValues['rke2-coredns']).toMatchObject({ nodelocal: { ipvs: true } });
    expect(rke2.server['kubelet-arg']).toEqual(['cluster-dns=169.254.20.10']);
    expect(rke2.agent['kubelet-arg']).toEqual(['cluster-dns=169.254.20.10']);
  });

  it('leaves CoreDNS away, beside what else the file disables', () => {
    const { rke2 } = read('{provider: none}', 'rke2: {server: {disable: [rke2-snapshot-controller]}}');
    expect(rke2.server['disable']).toEqual(['rke2-coredns', 'rke2-snapshot-controller']);
  });

  it.each([
    ['{provider: kube-dns}', 'warning dns-kube-dns dns.provider'],
    ['{provider: none, upstreamnameservers: [1.1.1.1]}', 'warning settings-unused dns'],
    ['{provider: bind}', 'error invalid-value dns.provider'],
    ['{upstreamnameservers: [one.one.one.one]}', 'error invalid-value dns.upstreamnameservers[0]'],
    ['{upstreamnameservers: ["1.1.1.1:99999"]}', 'error invalid-value dns.upstreamnameservers[0]'],
    ['{reversecidrs: [foo]}', 'error invalid-value dns.reversecidrs[0]'],
    ['{stubdomains: {"a b": [10.0.0.53]}}', 'error invalid-value dns.stubdomains'],
    ['{update_strategy: {strategy: Recreate}}', 'warning dns-strategy dns.update_strategy.strategy'],
    ['{nodelocal: {ip_address: here}}', 'error invalid-value dns.nodelocal.ip_address'],
    [
      '{nodelocal: {ip_address: 169.254.20.10, node_local_dns_priority_class_name: mine}}',
      'warning rke1-no-meaning dns.nodelocal.node_local_dns_priority_class_name',
    ],
    [
      '{options: {kube_dns_priority_class_name: mine}}',
      'warning rke1-no-meaning dns.options.kube_dns_priority_class_name',
    ],
    [
      '{linear_autoscaler_params: {nodes_per_replica: 0}}',
      'error invalid-value dns.linear_autoscaler_params.nodes_per_replica',
    ],
  ])('%s: %s', (dns, finding) => {
    expect(listFindingsOf(`dns: ${dns}`)).toEqual([finding]);
  });

  it('says what the cache needs beside Cilium in kube-proxy’s place', () => {
    const cilium =
      'network: {plugin: cilium}\nrke2: {server: {disable-kube-proxy: true}}\nchart_values: {rke2-cilium: {kubeProxyReplacement: true}}';
    expect(listFindingsOf(`${cilium}\ndns: {nodelocal: {ip_address: 169.254.20.10}}`)).toContain(
      'warning dns-cache-cilium dns.nodelocal',
    );
  });
});
