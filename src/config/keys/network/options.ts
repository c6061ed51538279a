import {
  BackendSchema,
  HostDirectorySchema,
  InterfaceSchema,
  VniSchema,
} from '../../schema/network-values.ts';
import { PortSchema } from '../../schema/scalars.ts';
import { chart, mapped, warned } from '../key.ts';

const CRITICAL = 'system-node-critical';

function lostPriority(workload: string, harmless = CRITICAL) {
  return warned({
    description: `PriorityClass of ${workload}.`,
    why: `RKE2’s chart gives ${workload} the class ${harmless} and takes no other.`,
    instead: 'Leave the key out.',
    harmless: [harmless],
  });
}

const FLANNEL_OF_CANAL = {
  canal_iface: mapped(InterfaceSchema, {
    description: 'With Canal: the interface between the nodes.',
    examples: ['eth1'],
    default: 'the interface of the default route',
    becomes: [chart('rke2-canal', 'flannel.iface')],
  }),
  canal_flannel_backend_type: mapped(BackendSchema, {
    description: 'With Canal: how packets travel between the nodes.',
    examples: ['vxlan', 'wireguard'],
    default: '`vxlan`',
    becomes: [chart('rke2-canal', 'flannel.backend')],
  }),
  canal_flannel_backend_port: mapped(PortSchema, {
    description: 'With Canal: UDP port between the nodes. The firewall rules follow it.',
    examples: [8472],
    default: '`8472` with vxlan',
    becomes: [chart('rke2-canal', 'flannel.backendPort')],
  }),
  canal_flannel_backend_vni: mapped(VniSchema, {
    description: 'With Canal: identifier of the VXLAN.',
    examples: [1],
    default: '`1`',
    becomes: [chart('rke2-canal', 'flannel.vni')],
  }),
};

const FLANNEL = {
  flannel_iface: mapped(InterfaceSchema, {
    description: 'With Flannel: the interface between the nodes.',
    examples: ['eth1'],
    default: 'the interface of the default route',
    becomes: [chart('rke2-flannel', 'flannel.args')],
  }),
  flannel_backend_type: mapped(BackendSchema, {
    description: 'With Flannel: how packets travel between the nodes.',
    examples: ['vxlan'],
    default: '`vxlan`',
    becomes: [chart('rke2-flannel', 'flannel.backend')],
  }),
  flannel_backend_port: mapped(PortSchema, {
    description: 'With Flannel: UDP port between the nodes. The firewall rules follow it.',
    examples: [8472],
    default: '`4789` with vxlan',
    becomes: [chart('rke2-flannel', 'flannel.backendPort')],
  }),
  flannel_backend_vni: mapped(VniSchema, {
    description: 'With Flannel: identifier of the VXLAN.',
    examples: [1],
    default: '`4096`',
    becomes: [chart('rke2-flannel', 'flannel.vni')],
  }),
};

const CALICO = {
  calico_cloud_provider: warned({
    description: 'Cloud that Calico adapted its tunnels to.',
    why: 'RKE2’s Calico makes VXLAN tunnels, which every cloud lets through.',
    instead: 'Leave the key out; `chart_values.rke2-calico.installation` chooses other tunnels.',
    harmless: ['none'],
  }),
  canal_flex_volume_plugin_dir: mapped(HostDirectorySchema, {
    description: 'With Canal: the kubelet’s directory of volume plugins, where its flex volume driver goes.',
    examples: ['/var/lib/kubelet/volumeplugins'],
    default: '`/var/lib/kubelet/volumeplugins`, where RKE2’s kubelet looks',
    becomes: [chart('rke2-canal', 'calico.flexVolumePluginDir')],
  }),
  calico_flex_volume_plugin_dir: mapped(HostDirectorySchema, {
    description: 'With Calico: the kubelet’s directory of volume plugins, where its flex volume driver goes.',
    examples: ['/var/lib/kubelet/volumeplugins'],
    default: '`/var/lib/kubelet/volumeplugins`, where RKE2’s kubelet looks',
    becomes: [chart('rke2-calico', 'installation.flexVolumePath')],
  }),
};

const PRIORITIES = {
  canal_priority_class_name: lostPriority('Canal'),
  canal_autoscaler_priority_class_name: warned({
    description: 'PriorityClass of an autoscaler beside Canal, as RKE1’s own example shows it.',
    why: 'RKE2’s chart of Canal has no autoscaler.',
    instead: 'Leave the key out.',
  }),
  kube_flannel_priority_class_name: lostPriority('Flannel'),
  calico_node_priority_class_name: lostPriority('Calico’s node pods'),
  calico_kube_controllers_priority_class_name: lostPriority(
    'Calico’s controllers',
    'system-cluster-critical',
  ),
  weave_net_priority_class_name: warned({
    description: 'PriorityClass of Weave.',
    why: 'RKE2 has no Weave.',
    instead: 'Leave the key out.',
  }),
};

/** RKE1's `network.options`: one flat map for all plugins, of which only those of the chosen one count. */
export const NETWORK_OPTIONS_KEYS = { ...FLANNEL_OF_CANAL, ...FLANNEL, ...CALICO, ...PRIORITIES };
