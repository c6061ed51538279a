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
    path: 'authorization',
    fate: 'gone',
    hint: 'RKE2 always uses Node and RBAC: leave the key out.',
    harmless: ['rbac'],
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
    path: 'authentication.strategy',
    fate: 'later',
    hint: 'Leave it out: client certificates (x509) are always accepted.',
    harmless: ['x509'],
  },
  {
    path: 'authentication.webhook',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.kube-apiserver-arg` takes `authentication-token-webhook-config-file=…` for a file on the hosts.',
  },
  {
    path: 'private_registries.*.ecr_credential_plugin',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.image-credential-provider-config` and `-bin-dir` can be set, and the same for `rke2.agent`.',
  },
];

const SNAPSHOTS =
  'Leave it out; `rke2.server` takes `etcd-snapshot-schedule-cron` and `etcd-snapshot-retention`.';

const SERVICES: readonly Rke1Key[] = [
  {
    path: 'services.etcd.external_urls',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.datastore-endpoint` names an external datastore.',
  },
  {
    path: 'services.etcd.ca_cert',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.datastore-cafile` takes the path of a file on the servers.',
  },
  {
    path: 'services.etcd.cert',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.datastore-certfile` takes the path of a file on the servers.',
  },
  {
    path: 'services.etcd.key',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.datastore-keyfile` takes the path of a file on the servers.',
  },
  { path: 'services.etcd.path', fate: 'gone', hint: LEAVE_OUT },
  {
    path: 'services.etcd.uid',
    fate: 'gone',
    hint: 'Leave it out: with `rke2.server.profile: cis` etcd runs as the user etcd.',
  },
  {
    path: 'services.etcd.gid',
    fate: 'gone',
    hint: 'Leave it out: with `rke2.server.profile: cis` etcd runs as the user etcd.',
  },
  {
    path: 'services.etcd.snapshot',
    fate: 'later',
    hint: 'Leave it out: RKE2 takes snapshots anyway; `rke2.server.etcd-disable-snapshots: true` turns them off.',
    harmless: [true],
  },
  { path: 'services.etcd.creation', fate: 'later', hint: SNAPSHOTS },
  { path: 'services.etcd.retention', fate: 'later', hint: SNAPSHOTS },
  {
    path: 'services.etcd.backup_config',
    fate: 'later',
    hint: 'Leave it out; `rke2.server` takes `etcd-snapshot-schedule-cron`, `etcd-snapshot-retention` and the `etcd-s3-…` keys.',
  },
  {
    path: 'services.kube-api.service_node_port_range',
    fate: 'later',
    hint: 'Leave it out; write `rke2.server.service-node-port-range`.',
  },
  {
    path: 'services.kube-api.pod_security_policy',
    fate: 'gone',
    hint: 'Kubernetes has no PodSecurityPolicy any more: leave the key out.',
  },
  {
    path: 'services.kube-api.pod_security_configuration',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.profile: cis` restricts pods, or name a file on the servers as `rke2.server.pod-security-admission-config-file`.',
    harmless: ['privileged'],
  },
  {
    path: 'services.kube-api.always_pull_images',
    fate: 'later',
    hint: 'Leave it out; write `rke2.server.kube-apiserver-arg: ["enable-admission-plugins=NodeRestriction,AlwaysPullImages"]`.',
  },
  {
    path: 'services.kube-api.secrets_encryption_config',
    fate: 'later',
    hint: 'Leave it out: RKE2 always encrypts secrets at rest; `rke2.server.secrets-encryption-provider` chooses how.',
  },
  {
    path: 'services.kube-api.audit_log',
    fate: 'later',
    hint: 'Leave it out; name a policy file on the servers as `rke2.server.audit-policy-file`.',
  },
  {
    path: 'services.kube-api.admission_configuration',
    fate: 'later',
    hint: 'Leave it out; name a file on the servers as `rke2.server.pod-security-admission-config-file`.',
  },
  {
    path: 'services.kube-api.event_rate_limit',
    fate: 'later',
    hint: 'Leave it out; name a file on the servers as `rke2.server.pod-security-admission-config-file`.',
  },
  {
    path: 'services.kubelet.infra_container_image',
    fate: 'later',
    hint: 'Leave it out; write `rke2.server.pause-image` and `rke2.agent.pause-image`.',
  },
  {
    path: 'services.kubelet.fail_swap_on',
    fate: 'later',
    hint: 'Leave it out; write `kubelet-arg: ["fail-swap-on=true"]` in `rke2.server` and `rke2.agent`.',
  },
  {
    path: 'services.kubelet.generate_serving_certificate',
    fate: 'gone',
    hint: 'RKE2 always makes serving certificates: leave the key out.',
    harmless: [true],
  },
];

/** RKE1's components, and where RKE2 takes the same settings of each. */
const COMPONENTS: readonly (readonly [service: string, component: string])[] = [
  ['etcd', 'etcd'],
  ['kube-api', 'kube-apiserver'],
  ['kube-controller', 'kube-controller-manager'],
  ['scheduler', 'kube-scheduler'],
  ['kubelet', 'kubelet'],
  ['kubeproxy', 'kube-proxy'],
];

function listComponentKeys(service: string, component: string): readonly Rke1Key[] {
  const isHostProcess = component === 'kubelet';
  const both = isHostProcess || component === 'kube-proxy' ? ' (and in `rke2.agent`)' : '';
  const args = `Leave it out; write \`${component}-arg: ["name=value"]\` in \`rke2.server\`${both}.`;
  const container = (key: string) =>
    isHostProcess
      ? 'The kubelet is no container in RKE2: leave the key out.'
      : `Leave it out; write \`${component}-${key}\` in \`rke2.server\`${both}.`;
  const windows = 'Windows nodes are not supported: leave the key out.';
  const later = (key: string, hint: string): Rke1Key => ({
    path: `services.${service}.${key}`,
    fate: isHostProcess && !key.startsWith('extra_args') ? 'gone' : 'later',
    hint,
  });
  const gone = (key: string): Rke1Key => ({
    path: `services.${service}.${key}`,
    fate: 'gone',
    hint: windows,
  });
  return [
    later('image', container('image')),
    later('extra_args', args),
    later('extra_args_array', args),
    later('extra_binds', container('extra-mount')),
    later('extra_env', container('extra-env')),
    ...['win_extra_args', 'win_extra_args_array', 'win_extra_binds', 'win_extra_env'].map(gone),
  ];
}

/** Every key of RKE1's cluster.yml that rke2ctl knows and does not take. */
export const RKE1_KEYS: readonly Rke1Key[] = [
  ...TOP,
  ...NETWORK,
  ...ACCESS,
  ...SERVICES,
  ...COMPONENTS.flatMap(([service, component]) => listComponentKeys(service, component)),
];
