import type { Cni, JsonMap } from '../../domain/cluster.ts';
import { DEFAULTS } from '../defaults.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { toKubernetesStrategy } from '../keys/update-strategy.ts';
import { toLabels, toToleration } from '../schema/pods.ts';
import { valuesOf } from './chart-map.ts';
import type { Contribution } from './contribution.ts';

type NetworkInput = NonNullable<ClusterInput['network']>;

/** Options of the chosen plugin as values of its chart; those of other plugins have no effect. */
export function contributeNetwork(input: ClusterInput): Partial<Contribution> {
  const network = input.network ?? {};
  return { chartValues: VALUES[primaryCni(network.plugin)](network) };
}

/** The plugin itself, without Multus. */
export function primaryCni(plugin: Cni | readonly (Cni | undefined)[] | undefined): Cni {
  if (plugin === undefined) return DEFAULTS.cni;
  return typeof plugin === 'string' ? plugin : (plugin.at(-1) ?? DEFAULTS.cni);
}

const VALUES: Readonly<Record<Cni, (network: NetworkInput) => Readonly<Record<string, JsonMap>>>> = {
  canal: canalValues,
  calico: calicoValues,
  flannel: flannelValues,
  cilium: ciliumValues,
  multus: () => ({}),
  none: () => ({}),
};

function canalValues({ options = {}, mtu, canal_network_provider: alias }: NetworkInput) {
  return valuesOf('rke2-canal', {
    flannel: {
      iface: options.canal_iface ?? alias?.iface,
      backend: options.canal_flannel_backend_type,
      backendPort: toNumber(options.canal_flannel_backend_port),
      vni: toNumber(options.canal_flannel_backend_vni),
    },
    calico: {
      vethuMTU: mtu || undefined,
      flexVolumePluginDir: toPluginDirectory(options.canal_flex_volume_plugin_dir),
    },
  });
}

function flannelValues(network: NetworkInput) {
  const { options = {}, mtu, flannel_network_provider: alias, node_selector: selector } = network;
  const iface = options.flannel_iface ?? alias?.iface;
  return valuesOf('rke2-flannel', {
    flannel: {
      // The chart has no key for the interface; its own two flags must be said again.
      args: iface === undefined ? undefined : ['--ip-masq', '--kube-subnet-mgr', `--iface=${iface}`],
      backend: options.flannel_backend_type,
      backendPort: toNumber(options.flannel_backend_port),
      vni: toNumber(options.flannel_backend_vni),
      mtu: mtu || undefined,
      nodeSelector: selector && toLabels(selector),
    },
  });
}

/** What the chart's own list holds, which a list of ours replaces. */
const CALICO_TOLERATIONS = [
  { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node-role.kubernetes.io/etcd', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' },
];

function calicoValues({ options = {}, mtu, node_selector, tolerations = [], update_strategy }: NetworkInput) {
  return valuesOf('rke2-calico', {
    installation: {
      calicoNetwork: { mtu: mtu || undefined },
      flexVolumePath: toPluginDirectory(options.calico_flex_volume_plugin_dir),
      calicoNodeDaemonSet: {
        spec: { template: { spec: { nodeSelector: node_selector && toLabels(node_selector) } } },
      },
      nodeUpdateStrategy: toKubernetesStrategy(update_strategy),
      controlPlaneTolerations:
        tolerations.length === 0
          ? undefined
          : [...CALICO_TOLERATIONS, ...tolerations.map((each) => plain(toToleration(each)))],
    },
  });
}

function ciliumValues({ mtu, node_selector, update_strategy }: NetworkInput) {
  return valuesOf('rke2-cilium', {
    MTU: mtu || undefined,
    nodeSelector: node_selector && toLabels(node_selector),
    updateStrategy: toKubernetesStrategy(update_strategy),
  });
}

/** Where the kubelets of RKE1 looked; said in a file, it only says what was so anyway. */
const USUAL_DIRECTORY = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec';

/** RKE1 named the driver's own folder in that directory; RKE2's charts add it themselves. */
export function toPluginDirectory(written: string | undefined): string | undefined {
  const directory = written?.replace(/\/+$/, '').replace(/\/nodeagent~uds$/, '');
  return directory === USUAL_DIRECTORY ? undefined : directory;
}

function toNumber(written: number | string | undefined): number | undefined {
  return written === undefined ? undefined : Number(written);
}

function plain(toleration: object): JsonMap {
  return { ...toleration };
}
