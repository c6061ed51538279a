import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { listFindingsOf, readClusterYml } from '../support/read-cluster-yml.ts';

function valuesOf(network: string) {
  return readClusterYml(`network: ${network}`).chartValues;
}

describe('network', () => {
  it('says nothing to any chart when the file says nothing', () => {
    expect(valuesOf('{plugin: canal, options: {}, mtu: 0, node_selector: {}, tolerations: []}')).toEqual({});
  });

  it('tells Canal its interface, backend, MTU and directory', () => {
    const options =
      '{canal_iface: eth1, canal_flannel_backend_type: vxlan, canal_flannel_backend_port: "4789", canal_flannel_backend_vni: 4096, canal_flex_volume_plugin_dir: /opt/plugins/nodeagent~uds}';
    expect(valuesOf(`{mtu: 1400, options: ${options}}`)).toEqual({
      'rke2-canal': {
        flannel: { iface: 'eth1', backend: 'vxlan', backendPort: 4789, vni: 4096 },
        calico: { vethuMTU: 1400, flexVolumePluginDir: '/opt/plugins' },
      },
    });
  });

  it('takes the interface from RKE1’s other place for it', () => {
    expect(valuesOf('{canal_network_provider: {iface: eth2}}')).toEqual({
      'rke2-canal': { flannel: { iface: 'eth2' } },
    });
    expect(valuesOf('{plugin: flannel, flannel_network_provider: {iface: eth2}}')).toEqual({
      'rke2-flannel': { flannel: { args: ['--ip-masq', '--kube-subnet-mgr', '--iface=eth2'] } },
    });
  });

  it('tells Flannel its backend, MTU and nodes', () => {
    const options = '{flannel_backend_type: vxlan, flannel_backend_port: 8472, flannel_backend_vni: "1"}';
    expect(valuesOf(`{plugin: flannel, mtu: 1400, options: ${options}, node_selector: {cni: 1}}`)).toEqual({
      'rke2-flannel': {
        flannel: { backend: 'vxlan', backendPort: 8472, vni: 1, mtu: 1400, nodeSelector: { cni: '1' } },
      },
    });
  });

  it('tells Calico’s operator MTU, nodes, tolerations and how pods are replaced', () => {
    const strategy = '{strategy: RollingUpdate, rollingUpdate: {maxUnavailable: 25%}}';
    const values = valuesOf(
      `{plugin: calico, mtu: 1440, node_selector: {a: b}, update_strategy: ${strategy}, tolerations: [{key: x, operator: Exists}]}`,
    );
    const installation = values['rke2-calico']?.['installation'] ?? {};
    const { controlPlaneTolerations, ...rest } = installation as Record<string, unknown>;
    expect(rest).toEqual({
      calicoNetwork: { mtu: 1440 },
      calicoNodeDaemonSet: { spec: { template: { spec: { nodeSelector: { a: 'b' } } } } },
      nodeUpdateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%' } },
    });
    expect(controlPlaneTolerations).toContainEqual({ key: 'x', operator: 'Exists' });
    expect(controlPlaneTolerations).toHaveLength(4);
  });

  it('tells Cilium MTU, nodes and how pods are replaced', () => {
    expect(
      valuesOf(
        '{plugin: [multus, cilium], mtu: 1400, node_selector: {a: b}, update_strategy: {strategy: OnDelete}}',
      ),
    ).toEqual({
      'rke2-cilium': { MTU: 1400, nodeSelector: { a: 'b' }, updateStrategy: { type: 'OnDelete' } },
    });
  });

  it.each([
    [
      '{plugin: calico, options: {canal_iface: eth1}}',
      'warning network-option-unused network.options.canal_iface',
    ],
    [
      '{plugin: canal, options: {flannel_iface: eth1}}',
      'warning network-option-unused network.options.flannel_iface',
    ],
    [
      '{plugin: canal, flannel_network_provider: {iface: e}}',
      'warning network-option-unused network.flannel_network_provider.iface',
    ],
    [
      '{options: {canal_iface: eth1}, canal_network_provider: {iface: eth2}}',
      'error network-iface-twice network.canal_network_provider.iface',
    ],
    ['{plugin: none, mtu: 1400}', 'warning network-option-unused network.mtu'],
    [
      '{plugin: flannel, mtu: 1400, options: {flannel_backend_type: host-gw}}',
      'error network-mtu network.mtu',
    ],
    [
      '{plugin: flannel, options: {flannel_backend_type: wireguard}}',
      'warning network-backend network.options.flannel_backend_type',
    ],
    [
      '{options: {canal_flannel_backend_type: ipsec}}',
      'error invalid-value network.options.canal_flannel_backend_type',
    ],
    ['{node_selector: {a: b}}', 'error network-node-selector network.node_selector'],
    [
      '{update_strategy: {strategy: RollingUpdate, rollingUpdate: {maxUnavailable: 3}}}',
      'warning network-option-unused network.update_strategy',
    ],
    [
      '{plugin: flannel, tolerations: [{operator: Exists}]}',
      'warning network-option-unused network.tolerations',
    ],
    ['{mtu: 100}', 'error invalid-value network.mtu'],
    [
      '{options: {canal_priority_class_name: mine}}',
      'warning rke1-no-meaning network.options.canal_priority_class_name',
    ],
    [
      '{options: {calico_cloud_provider: aws}}',
      'warning rke1-no-meaning network.options.calico_cloud_provider',
    ],
    ['{weave_network_provider: {password: geheim}}', 'error rke1-refused network.weave_network_provider'],
    ['{aci_network_provider: {system_id: x, token: y}}', 'error rke1-refused network.aci_network_provider'],
  ])('%s: %s', (network, finding) => {
    expect(listFindingsOf(`network: ${network}`)).toContain(finding);
  });

  it.each([
    '{options: {flannel_backend_type: vxlan}}',
    '{update_strategy: {strategy: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}}',
    '{options: {canal_priority_class_name: system-node-critical, calico_cloud_provider: none}}',
    '{weave_network_provider: null, aci_network_provider: {}, calico_network_provider: {cloudprovider: none}}',
    '{tolerations: [{key: x, operator: Exists}]}',
  ])('has no word to say of %s', (network) => {
    expect(listFindingsOf(`network: ${network}`)).toEqual([]);
  });

  it('knows since when Flannel’s chart takes nodes', () => {
    const lines = 'network: {plugin: flannel, node_selector: {a: b}}';
    expect(listFindingsOf(`kubernetes_version: v1.33.6+rke2r1\n${lines}`)).toEqual([
      'error network-node-selector network.node_selector',
    ]);
    expect(listFindingsOf(`kubernetes_version: v1.34.1+rke2r1\n${lines}`)).toEqual([]);
  });

  it('puts the flex volume driver where the kubelets look', () => {
    const at = (directory: string, rest = '') =>
      listFindingsOf(`network: {options: {canal_flex_volume_plugin_dir: ${directory}}}\n${rest}`);
    const finding = 'warning network-plugin-directory network.options.canal_flex_volume_plugin_dir';
    expect(at('/opt/plugins')).toEqual([finding]);
    expect(at('/var/lib/kubelet/volumeplugins/nodeagent~uds')).toEqual([]);
    expect(
      at('/opt/plugins', 'services: {kubelet: {extra_args: {volume-plugin-dir: /opt/plugins/}}}'),
    ).not.toContain(finding);
    const usual = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeagent~uds';
    expect(at(usual)).toEqual([]);
    expect(valuesOf(`{options: {canal_flex_volume_plugin_dir: ${usual}}}`)).toEqual({});
  });

  it('has a row for each of ACI’s keys', () => {
    const rows = keyTable().filter(({ path }) => path.startsWith('network.aci_network_provider.'));
    expect(rows).toHaveLength(118);
    expect(new Set(rows.map(({ entry }) => entry.fate))).toEqual(new Set(['refused']));
  });
});

describe('rules about the CNI', () => {
  it.each([
    ['rke2: {server: {disable-kube-proxy: true}}', 'error kube-proxy-missing rke2.server.disable-kube-proxy'],
    [
      'network: {plugin: cilium}\nrke2: {server: {disable-kube-proxy: true}}',
      'error kube-proxy-missing rke2.server.disable-kube-proxy',
    ],
    [
      'network: {plugin: cilium}\nchart_values: {rke2-cilium: {kubeProxyReplacement: true}}',
      'warning kube-proxy-twice chart_values.rke2-cilium.kubeProxyReplacement',
    ],
    ['network: {plugin: flannel}\nprofile: cis', 'warning cni-without-policies network.plugin'],
    [
      'network: {plugin: cilium}\nservices: {kube-controller: {cluster_cidr: "fd00:42::/56"}, kube-api: {service_cluster_ip_range: "fd00:43::/112"}}',
      'warning cni-ipv6-routes network.plugin',
    ],
    [
      'services: {kube-controller: {cluster_cidr: 10.42.0.0/25}}',
      'error pod-range-small services.kube-controller.cluster_cidr',
    ],
  ])('%s: %s', (lines, finding) => {
    expect(listFindingsOf(lines)).toContain(finding);
  });

  it.each([
    'network: {plugin: calico}\nservices: {kube-controller: {cluster_cidr: 10.42.0.0/25}}',
    'services: {kube-controller: {cluster_cidr: 10.42.0.0/25, extra_args: {node-cidr-mask-size: "26"}}}',
    'network: {plugin: cilium}\nrke2: {server: {disable-kube-proxy: true}}\nchart_values: {rke2-cilium: {kubeProxyReplacement: true, k8sServiceHost: localhost}}',
  ])('are kept by %s', (lines) => {
    const codes = listFindingsOf(lines).map((each) => each.split(' ')[1]);
    expect(codes.filter((code) => /kube-proxy|pod-range/.test(code ?? ''))).toEqual([]);
  });

  it.each([
    ['10.1.2.0', true],
    ['10.1.1.255', false],
  ])('count the nodes of a range that ends with %s', (last, isTooMany) => {
    const range = `{address_range: 10.1.1.1-${last}, role: [worker]}`;
    const text = `nodes:\n  - {address: 10.0.0.1, role: [controlplane, etcd]}\n  - ${range}\n`;
    const { findings } = parseCluster(text, 'cluster.yml', configEnvironment());
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual(
      isTooMany ? ['pod-range-small nodes'] : [],
    );
  });
});
