import * as z from 'zod';
import { InterfaceSchema, MtuSchema } from '../schema/network-values.ts';
import { NodeSelectorSchema, TolerationsSchema } from '../schema/pods.ts';
import { chart, config, group, mapped, refused, warned } from './key.ts';
import { AciSection } from './network/aci.ts';
import { NETWORK_OPTIONS_KEYS } from './network/options.ts';
import { daemonSetStrategy } from './update-strategy.ts';

const CNI_NAMES = ['canal', 'calico', 'cilium', 'flannel', 'none'] as const;

const MUST = 'must be `canal`, `calico`, `cilium`, `flannel`, `none`, or `[multus, …]` with one of them';

const PluginSchema = z.union([z.enum(CNI_NAMES), z.tuple([z.literal('multus'), z.enum(CNI_NAMES)])], {
  error: (issue) => explainPlugin(issue.input),
});

const NO_WEAVE = {
  why: 'RKE2 has no Weave, and Weave itself is no longer maintained.',
  instead:
    'Leave it out and choose another `network.plugin`; `cilium` encrypts the traffic between nodes, too (`chart_values.rke2-cilium.encryption`).',
};

/** The CNI: RKE1's section, with Cilium and Multus beside RKE1's plugins. */
const NETWORK_KEYS = {
  plugin: mapped(PluginSchema, {
    description: 'The CNI. Cannot be changed once the cluster runs.',
    examples: ['canal', ['multus', 'canal']],
    default: '`canal`',
    becomes: [config('cni')],
  }),
  options: group(z.strictObject(NETWORK_OPTIONS_KEYS, { error: 'must be a map of options of the plugin' }), {
    description: 'Options of the plugins; those of other plugins than the chosen one have no effect.',
    examples: [{ canal_iface: 'eth1' }],
  }),
  mtu: mapped(MtuSchema, {
    description: 'Size of the pods’ packets.',
    examples: [1400],
    default: 'what the plugin finds out; Canal takes `1450`',
    becomes: [
      chart('rke2-canal', 'calico.vethuMTU'),
      chart('rke2-calico', 'installation.calicoNetwork.mtu'),
      chart('rke2-flannel', 'flannel.mtu'),
      chart('rke2-cilium', 'MTU'),
    ],
  }),
  canal_network_provider: group(
    z.strictObject(
      {
        iface: mapped(InterfaceSchema, {
          description: 'The same as `options.canal_iface`.',
          examples: ['eth1'],
          becomes: [chart('rke2-canal', 'flannel.iface')],
        }),
      },
      { error: 'must be a map with `iface`' },
    ),
    { description: 'Another place for an option of Canal.', examples: [{ iface: 'eth1' }] },
  ),
  flannel_network_provider: group(
    z.strictObject(
      {
        iface: mapped(InterfaceSchema, {
          description: 'The same as `options.flannel_iface`.',
          examples: ['eth1'],
          becomes: [chart('rke2-flannel', 'flannel.args')],
        }),
      },
      { error: 'must be a map with `iface`' },
    ),
    { description: 'Another place for an option of Flannel.', examples: [{ iface: 'eth1' }] },
  ),
  calico_network_provider: group(
    z.strictObject(
      {
        cloudprovider: warned({
          description: 'The same as `options.calico_cloud_provider`.',
          why: 'RKE2’s Calico makes VXLAN tunnels, which every cloud lets through.',
          instead: 'Leave the key out.',
          harmless: ['none'],
        }),
      },
      { error: 'must be a map with `cloudprovider`' },
    ),
    { description: 'Another place for an option of Calico.', examples: [{ cloudprovider: 'none' }] },
  ),
  weave_network_provider: refused(
    { description: 'Settings of Weave.', ...NO_WEAVE },
    { password: refused({ description: 'Password of Weave’s encryption.', ...NO_WEAVE }) },
  ),
  aci_network_provider: AciSection,
  node_selector: mapped(NodeSelectorSchema, {
    description:
      'Labels of the nodes that the plugin runs on: with Calico, Cilium and Flannel (from v1.34 on). Canal always runs on all.',
    examples: [{ 'network.example.com/cni': 'yes' }],
    becomes: [
      chart('rke2-calico', 'installation.calicoNodeDaemonSet.spec.template.spec.nodeSelector'),
      chart('rke2-flannel', 'flannel.nodeSelector'),
      chart('rke2-cilium', 'nodeSelector'),
    ],
  }),
  update_strategy: daemonSetStrategy(
    'How the plugin’s pods are replaced: with Calico and Cilium. Canal’s and Flannel’s charts always replace one after the other.',
    {
      type: [
        chart('rke2-calico', 'installation.nodeUpdateStrategy.type'),
        chart('rke2-cilium', 'updateStrategy.type'),
      ],
      maxUnavailable: [
        chart('rke2-calico', 'installation.nodeUpdateStrategy.rollingUpdate.maxUnavailable'),
        chart('rke2-cilium', 'updateStrategy.rollingUpdate.maxUnavailable'),
      ],
    },
  ),
  tolerations: mapped(TolerationsSchema, {
    description:
      'Taints that the plugin’s controllers tolerate beyond those of RKE2’s chart: with Calico. Canal and Cilium tolerate all.',
    examples: [[{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }]],
    becomes: [chart('rke2-calico', 'installation.controlPlaneTolerations')],
  }),
};

export const NetworkSchema = z.strictObject(NETWORK_KEYS, { error: 'must be a map with `plugin`' });

function explainPlugin(value: unknown): string {
  if (value === 'weave' || value === 'aci') return `is not a CNI of RKE2; it ${MUST}`;
  return value === 'multus' ? 'needs a second CNI beside it' : MUST;
}
