/** A key of RKE1 that is refused by name. */
export interface Rke1Key {
  /** Keys from the top, `*` for every entry of a list. */
  readonly path: string;
  /** `later`: not supported yet; `gone`: RKE2 has no such thing. */
  readonly fate: 'later' | 'gone';
  /** What to do instead. */
  readonly hint: string;
  /** Values that ask for nothing beyond what happens anyway; empty ones never ask for anything. */
  readonly harmless?: readonly unknown[];
}

const LEAVE_OUT = 'Leave the key out.';
const AFTERWARDS = 'Leave it out here, and set it with kubectl or a HelmChartConfig once the cluster is up.';

const TOP: readonly Rke1Key[] = [
  {
    path: 'addons',
    fate: 'later',
    hint: 'Leave it out, and apply the manifests with `kubectl apply -f` once the cluster is up.',
  },
  {
    path: 'addons_include',
    fate: 'later',
    hint: 'Leave it out, and apply the manifests with `kubectl apply -f` once the cluster is up.',
  },
  { path: 'addon_job_timeout', fate: 'later', hint: LEAVE_OUT },
  {
    path: 'system_images',
    fate: 'later',
    hint: 'Leave it out: the images follow from the version. A registry of your own goes to `private_registries` with `is_default: true`.',
  },
  {
    path: 'ingress',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.ingress-controller` takes `traefik`, `ingress-nginx` or `none`.',
  },
  {
    path: 'cloud_provider',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.cloud-provider-name` and `cloud-provider-config` (a file on the hosts) can be set.',
  },
  {
    path: 'prefix_path',
    fate: 'later',
    hint: 'Leave it out: RKE2 keeps its data in /var/lib/rancher/rke2.',
    harmless: ['/'],
  },
  {
    path: 'monitoring',
    fate: 'later',
    hint: 'Leave it out: metrics-server is there anyway; `rke2.server.disable: [rke2-metrics-server]` leaves it away.',
    harmless: ['metrics-server'],
  },
  { path: 'dns', fate: 'later', hint: AFTERWARDS, harmless: ['coredns'] },
  { path: 'upgrade_strategy', fate: 'later', hint: LEAVE_OUT },
];

const NETWORK: readonly Rke1Key[] = [
  { path: 'network.options', fate: 'later', hint: AFTERWARDS },
  { path: 'network.mtu', fate: 'later', hint: AFTERWARDS },
  { path: 'network.calico_network_provider', fate: 'later', hint: AFTERWARDS },
  { path: 'network.canal_network_provider', fate: 'later', hint: AFTERWARDS },
  { path: 'network.flannel_network_provider', fate: 'later', hint: AFTERWARDS },
  {
    path: 'network.weave_network_provider',
    fate: 'gone',
    hint: 'RKE2 has no Weave: choose another `network.plugin`.',
  },
  {
    path: 'network.aci_network_provider',
    fate: 'gone',
    hint: 'RKE2 has no ACI plugin: choose another `network.plugin`.',
  },
  { path: 'network.node_selector', fate: 'later', hint: AFTERWARDS },
  { path: 'network.update_strategy', fate: 'later', hint: AFTERWARDS },
  { path: 'network.tolerations', fate: 'later', hint: AFTERWARDS },
];

const ACCESS: readonly Rke1Key[] = [
  {
    path: 'private_registries.*.ecr_credential_plugin',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.image-credential-provider-config` and `-bin-dir` can be set, and the same for `rke2.agent`.',
  },
];

/** Every key of RKE1's cluster.yml that rke2ctl knows and does not take. */
export const RKE1_KEYS: readonly Rke1Key[] = [...TOP, ...NETWORK, ...ACCESS];
