import type { Cni } from '../../domain/cluster.ts';
import { parseVersion } from '../../rke2/version.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Path, showValue } from '../finding.ts';
import { listFlags } from '../list-flags.ts';
import { primaryCni, toPluginDirectory } from '../resolve/resolve-network.ts';

type NetworkDraft = NonNullable<ClusterDraft['network']>;

/** The plugin that an option belongs to. */
const OWNERS: Readonly<Record<string, Cni>> = {
  canal_iface: 'canal',
  canal_flannel_backend_type: 'canal',
  canal_flannel_backend_port: 'canal',
  canal_flannel_backend_vni: 'canal',
  canal_flex_volume_plugin_dir: 'canal',
  flannel_iface: 'flannel',
  flannel_backend_type: 'flannel',
  flannel_backend_port: 'flannel',
  flannel_backend_vni: 'flannel',
  calico_flex_volume_plugin_dir: 'calico',
};

/** Where RKE2's kubelets look for volume plugins. */
const KUBELET_PLUGINS = '/var/lib/kubelet/volumeplugins';

/** What is so anyway: RKE1's files often say it for plugins that they do not use. */
const USUAL: readonly string[] = ['vxlan', '8472', '1'];

/** Settings of the CNI that the chosen one does not have, or cannot have together. */
export function checkNetworkOptions(draft: ClusterDraft): readonly Finding[] {
  const { kubernetes_version: version, network } = draft;
  if (!network || ('plugin' in network && network.plugin === undefined)) return [];
  const cni = primaryCni(network.plugin);
  return [
    ...findForeignOptions(network, cni),
    ...findTwoInterfaces(network),
    ...checkMtu(network, cni),
    ...checkBackend(network, cni),
    ...checkPods(network, cni),
    ...checkDirectory(draft, cni),
    ...(cni === 'flannel' ? checkFlannelNodes(network, version) : []),
  ];
}

function findForeignOptions({ options = {}, ...network }: NetworkDraft, cni: Cni): readonly Finding[] {
  const written = Object.entries(options).flatMap(([key, value]): [Path, Cni][] => {
    const owner = OWNERS[key];
    if (owner === undefined || owner === cni || USUAL.includes(String(value))) return [];
    return [[['network', 'options', key], owner]];
  });
  for (const owner of ['canal', 'flannel'] as const) {
    const key = `${owner}_network_provider` as const;
    if (network[key]?.iface !== undefined && owner !== cni) written.push([['network', key, 'iface'], owner]);
  }
  return written.map(([path, owner]) =>
    findingAt(
      path,
      {
        code: 'network-option-unused',
        severity: 'warning',
        message: `\`${path.at(-1)}\` is ${owner === 'canal' ? 'Canal' : owner === 'calico' ? 'Calico' : 'Flannel'}'s; with \`plugin: ${cni}\` it has no effect.`,
        hint: 'Leave it out.',
      },
      'key',
    ),
  );
}

function findTwoInterfaces(network: NetworkDraft): readonly Finding[] {
  return (['canal', 'flannel'] as const).flatMap((name) => {
    const option = network.options?.[`${name}_iface`];
    const alias = network[`${name}_network_provider`]?.iface;
    if (option === undefined || alias === undefined || option === alias) return [];
    return [
      findingAt(['network', `${name}_network_provider`, 'iface'], {
        code: 'network-iface-twice',
        message: `The interface is ${showValue(alias)} here and ${showValue(option)} in \`options.${name}_iface\`.`,
        hint: 'Leave one of the two out.',
      }),
    ];
  });
}

function checkMtu(network: NetworkDraft, cni: Cni): readonly Finding[] {
  if (!network.mtu) return [];
  const backend = network.options?.flannel_backend_type;
  if (cni === 'none') {
    return [
      findingAt(['network', 'mtu'], {
        code: 'network-option-unused',
        severity: 'warning',
        message: 'With `plugin: none` the network is yours, and `mtu` has no effect.',
        hint: 'Leave it out, and set it in your own plugin.',
      }),
    ];
  }
  if (cni !== 'flannel' || (backend !== 'host-gw' && backend !== 'udp')) return [];
  return [
    findingAt(['network', 'mtu'], {
      code: 'network-mtu',
      message: `Flannel takes no MTU with the backend ${backend}.`,
      hint: 'Leave `mtu` out, or take the backend vxlan.',
    }),
  ];
}

function checkBackend({ options }: NetworkDraft, cni: Cni): readonly Finding[] {
  const type = options?.flannel_backend_type;
  if (cni !== 'flannel' || type === undefined || type === 'vxlan') return [];
  return [
    findingAt(['network', 'options', 'flannel_backend_type'], {
      code: 'network-backend',
      severity: 'warning',
      message: `RKE2 stands behind vxlan alone as Flannel's backend; ${type} is passed on to its chart, and untested there.`,
      hint: `Take vxlan, or \`plugin: canal\` with \`canal_flannel_backend_type: ${type}\`.`,
    }),
  ];
}

/** A driver that lies where the kubelet does not look is never found. */
function checkDirectory(draft: ClusterDraft, cni: Cni): readonly Finding[] {
  if (cni !== 'canal' && cni !== 'calico') return [];
  const key = `${cni}_flex_volume_plugin_dir` as const;
  const directory = toPluginDirectory(draft.network?.options?.[key]);
  if (directory === undefined) return [];
  const flag = listFlags(draft).find(
    ({ component, name }) => component === 'kubelet' && name === 'volume-plugin-dir',
  );
  const wanted = flag === undefined ? KUBELET_PLUGINS : flag.value?.replace(/\/+$/, '');
  if (wanted === undefined || wanted === directory) return [];
  return [
    findingAt(['network', 'options', key], {
      code: 'network-plugin-directory',
      severity: 'warning',
      message: `The flex volume driver would lie in ${directory}, but the kubelets look in ${wanted}.`,
      hint: `Leave the key out, or set \`services.kubelet.extra_args: {volume-plugin-dir: ${directory}}\`.`,
    }),
  ];
}

/** The chart of older releases has no such value, and would pass over it. */
function checkFlannelNodes(network: NetworkDraft, written: string | undefined): readonly Finding[] {
  const version = parseVersion(written ?? '');
  const isNewEnough = version === null || version.major > 1 || version.minor >= 34;
  if (isNewEnough || Object.keys(network.node_selector ?? {}).length === 0) return [];
  return [
    findingAt(['network', 'node_selector'], {
      code: 'network-node-selector',
      message: `RKE2's Flannel runs on every node in ${written}; its chart takes a \`node_selector\` from v1.34 on.`,
      hint: 'Leave it out, or take a newer `kubernetes_version`.',
    }),
  ];
}

function checkPods(network: NetworkDraft, cni: Cni): readonly Finding[] {
  const findings: Finding[] = [];
  const { node_selector: selector, tolerations, update_strategy: strategy } = network;
  if (cni === 'canal' && selector && Object.keys(selector).length > 0) {
    findings.push(
      findingAt(['network', 'node_selector'], {
        code: 'network-node-selector',
        message: 'RKE2’s Canal runs on every node; its chart takes no `node_selector`.',
        hint: 'Leave it out, or choose `plugin: calico` or `cilium`, whose charts take it.',
      }),
    );
  }
  const isOneByOne =
    (strategy?.strategy ?? 'RollingUpdate') === 'RollingUpdate' &&
    String(strategy?.rollingUpdate?.maxUnavailable ?? 1) === '1';
  if (strategy && !isOneByOne && (cni === 'canal' || cni === 'flannel')) {
    findings.push(
      findingAt(['network', 'update_strategy'], {
        code: 'network-option-unused',
        severity: 'warning',
        message: `RKE2's chart for ${cni} always replaces its pods one after the other; \`update_strategy\` has no effect.`,
        hint: 'Leave it out.',
      }),
    );
  }
  if ((tolerations?.length ?? 0) > 0 && (cni === 'flannel' || cni === 'none')) {
    findings.push(
      findingAt(['network', 'tolerations'], {
        code: 'network-option-unused',
        severity: 'warning',
        message: `With \`plugin: ${cni}\` \`network.tolerations\` has no effect, as in RKE1: they are for Calico's controllers.`,
        hint:
          cni === 'flannel'
            ? 'Leave it out; `chart_values.rke2-flannel.flannel.tolerations` takes Flannel’s own.'
            : 'Leave it out.',
      }),
    );
  }
  return findings;
}
