/** A component whose flags RKE2 takes as `<component>-arg`. */
export type Component =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy';

/** What is to be known of one flag: the whole hint for somebody who sets it. */
type Hints = Readonly<Record<string, string>>;

/** What happens to a flag that somebody sets: RKE2 gives it itself, or Kubernetes has it no more. */
export interface FlagTrouble {
  readonly kind: 'owned' | 'gone';
  readonly hint: string;
}

const CERTIFICATES = 'Leave it out: RKE2 makes the certificates and keys itself, and renews them.';
const CLOUD = 'Leave it out; `cloud_provider` at the top of the file is the place for it.';
const DATASTORE = 'Leave it out; `datastore` at the top of the file names an external datastore.';
const ADDRESSES = 'Leave it out: RKE2 works it out from the addresses of the nodes.';
const SERVICE_RANGE = 'Set `services.kube-api.service_cluster_ip_range`.';
const POD_RANGE = 'Set `services.kube-controller.cluster_cidr`.';
const KUBECONFIG = 'Leave it out: RKE2 writes the kubeconfigs of its components itself.';
const MEMBERSHIP = 'Leave it out: RKE2 works out etcd’s members, their addresses and where their data lie.';
const CONTAINERD = 'Leave it out: RKE2 brings containerd and the CNI’s plugins, and knows where they are.';
const NO_INSTEAD = 'Leave it out: there is nothing in its place.';

function each(names: string, hint: string): Hints {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, hint]));
}

/** Flags that RKE2 gives a component itself, so that a second value would break it or do nothing. */
const OWNED: Readonly<Record<Component, Hints>> = {
  etcd: {
    ...each(
      'name data-dir config-file initial-cluster initial-cluster-state initial-cluster-token',
      MEMBERSHIP,
    ),
    ...each(
      'initial-advertise-peer-urls listen-client-urls listen-peer-urls advertise-client-urls',
      MEMBERSHIP,
    ),
    ...each(
      'cert-file key-file trusted-ca-file peer-cert-file peer-key-file peer-trusted-ca-file',
      CERTIFICATES,
    ),
  },
  'kube-apiserver': {
    'service-cluster-ip-range': SERVICE_RANGE,
    'service-node-port-range': 'Set `services.kube-api.service_node_port_range`.',
    'admission-control-config-file': 'Write its contents as `services.kube-api.admission_configuration`.',
    'encryption-provider-config':
      'Leave it out: RKE2 always encrypts Secrets; `rke2.server.secrets-encryption-provider` takes `aescbc` or `secretbox`.',
    ...each('advertise-address secure-port', ADDRESSES),
    ...each('etcd-servers etcd-cafile etcd-certfile etcd-keyfile storage-backend', DATASTORE),
    ...each('tls-cert-file tls-private-key-file client-ca-file cert-dir', CERTIFICATES),
    ...each('kubelet-certificate-authority kubelet-client-certificate kubelet-client-key', CERTIFICATES),
    ...each('proxy-client-cert-file proxy-client-key-file requestheader-client-ca-file', CERTIFICATES),
    ...each('requestheader-allowed-names service-account-signing-key-file', CERTIFICATES),
    ...each('cloud-provider cloud-config', CLOUD),
  },
  'kube-controller-manager': {
    'cluster-cidr': POD_RANGE,
    'service-cluster-ip-range': SERVICE_RANGE,
    ...each('kubeconfig authentication-kubeconfig authorization-kubeconfig', KUBECONFIG),
    ...each('service-account-private-key-file root-ca-file', CERTIFICATES),
    ...each('cluster-signing-cert-file cluster-signing-key-file', CERTIFICATES),
    ...each('cloud-provider cloud-config', CLOUD),
  },
  'kube-scheduler': each('kubeconfig authentication-kubeconfig authorization-kubeconfig', KUBECONFIG),
  kubelet: {
    ...each('kubeconfig bootstrap-kubeconfig', KUBECONFIG),
    ...each('client-ca-file tls-cert-file tls-private-key-file', CERTIFICATES),
    'hostname-override': 'Set `hostname_override` of each node.',
    'node-ip': 'Set `internal_address` of each node.',
    'node-labels': 'Set `labels` of each node.',
    'register-with-taints': 'Set `taints` of each node.',
    'cluster-dns': 'Set `services.kubelet.cluster_dns_server`.',
    'cluster-domain': 'Set `services.kubelet.cluster_domain`.',
    'container-runtime-endpoint': CONTAINERD,
    'cloud-provider': CLOUD,
    'cgroup-driver': 'Leave it out: RKE2 sets it to what its containerd has.',
    ...each(
      'pod-manifest-path static-pod-path',
      'Leave it out: RKE2 keeps its own components there. Put yours into /var/lib/rancher/rke2/agent/pod-manifests.',
    ),
  },
  'kube-proxy': {
    kubeconfig: KUBECONFIG,
    'cluster-cidr': POD_RANGE,
    'hostname-override': 'Set `hostname_override` of each node.',
  },
};

/** Flags that files of RKE1 set and that Kubernetes 1.27 and later refuse to start with. */
const GONE: Readonly<Record<Component, Hints>> = {
  etcd: {},
  'kube-apiserver': {
    ...each(
      'insecure-port insecure-bind-address address port',
      'Leave it out: there is only the port with TLS.',
    ),
    ...each('basic-auth-file kubelet-https kubelet-port enable-swagger-ui target-ram-mb', NO_INSTEAD),
    ...each('repair-malformed-updates deserialization-cache-size master-service-namespace', NO_INSTEAD),
    'service-account-api-audiences': 'Write `api-audiences` instead.',
    'admission-control': 'Write `enable-admission-plugins` instead.',
  },
  'kube-controller-manager': {
    'pod-eviction-timeout':
      'Write `default-not-ready-toleration-seconds` and `default-unreachable-toleration-seconds` (300 without) in `services.kube-api.extra_args`.',
    ...each('enable-taint-manager address port deployment-controller-sync-period', NO_INSTEAD),
    ...each('horizontal-pod-autoscaler-use-rest-clients register-retry-count', NO_INSTEAD),
    ...each('horizontal-pod-autoscaler-upscale-delay', NO_INSTEAD),
    'horizontal-pod-autoscaler-downscale-delay':
      'Write `horizontal-pod-autoscaler-downscale-stabilization` instead.',
    'experimental-cluster-signing-duration': 'Write `cluster-signing-duration` instead.',
  },
  'kube-scheduler': {
    ...each('address port', NO_INSTEAD),
    ...each(
      'algorithm-provider policy-config-file policy-configmap use-legacy-policy-config',
      'Leave it out; profiles of the scheduler stand in a file that `config` names.',
    ),
  },
  kubelet: {
    ...each('network-plugin network-plugin-mtu cni-bin-dir cni-conf-dir cni-cache-dir', CONTAINERD),
    ...each('container-runtime docker docker-endpoint image-pull-progress-deadline', CONTAINERD),
    ...each('experimental-dockershim-root-directory redirect-container-streaming', CONTAINERD),
    ...each('allow-privileged cadvisor-port non-masquerade-cidr register-schedulable', NO_INSTEAD),
    ...each('dynamic-config-dir chaos-chance really-crash-for-testing seccomp-profile-root', NO_INSTEAD),
    'pod-infra-container-image': 'Write it as `services.kubelet.infra_container_image`.',
  },
  'kube-proxy': each('cleanup-iptables resource-container', NO_INSTEAD),
};

/** Admission plugins that are gone: the API server does not start when one of them is named. */
const GONE_PLUGINS: ReadonlySet<string> = new Set([
  'PodSecurityPolicy',
  'SecurityContextDeny',
  'DenyEscalatingExec',
  'DenyExecOnPrivileged',
  'Initializers',
  'PersistentVolumeLabel',
  'PodPreset',
]);

/** What is wrong with setting the flag by hand; null when nothing is. */
export function findFlagTrouble(component: Component, flag: string): FlagTrouble | null {
  const lookUp = (hints: Hints) => (Object.hasOwn(hints, flag) ? hints[flag] : undefined);
  const gone = lookUp(GONE[component]);
  if (gone !== undefined) return { kind: 'gone', hint: gone };
  const owned = lookUp(OWNED[component]);
  return owned === undefined ? null : { kind: 'owned', hint: owned };
}

/** Of the names in `enable-admission-plugins`, those that Kubernetes has no more. */
export function findGonePlugins(value: string): readonly string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => GONE_PLUGINS.has(name));
}

/** The component of a key such as `kube-apiserver-arg`; null for any other key. */
export function componentOfArgKey(key: string): Component | null {
  const name = key.endsWith('-arg') ? key.slice(0, -'-arg'.length) : '';
  return name in OWNED ? (name as Component) : null;
}
