import { compareVersions, parseVersion, type Rke2Version } from './version.ts';

/** `list` items are text unless the key says otherwise; `duration` is Go's (`5m`, `1h30m`). */
type ConfigKeyType = 'text' | 'number' | 'flag' | 'list' | 'duration';

/** A key of RKE2's config.yaml. RKE2 only warns of keys that it does not know, so that a typo silently changes nothing. */
export interface ConfigKey {
  readonly name: string;
  readonly type: ConfigKeyType;
  /** `server`: only rke2-server takes it; `both`: rke2-agent too. */
  readonly side: 'server' | 'both';
  /** The only values that it takes. */
  readonly values?: readonly string[];
  /** First releases that know the key, one per minor version that it was brought to; later minors know it as well. */
  readonly since?: readonly string[];
}

type Extra = Pick<ConfigKey, 'values' | 'since'>;

function keys(
  side: ConfigKey['side'],
  type: ConfigKeyType,
  names: string,
  extra: Extra = {},
): readonly ConfigKey[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ name, type, side, ...extra }));
}

/** Components that run as static pods and take mounts and environment. */
const COMPONENTS = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'kube-proxy',
  'etcd',
  'cloud-controller-manager',
];

const SERVER_KEYS: readonly ConfigKey[] = [
  ...keys('server', 'text', 'advertise-address agent-token agent-token-file write-kubeconfig'),
  ...keys('server', 'text', 'write-kubeconfig-mode write-kubeconfig-group write-kubeconfig-name'),
  ...keys('server', 'list', 'tls-san cluster-cidr service-cidr cluster-dns disable'),
  ...keys('server', 'flag', 'tls-san-security prime enable-pprof supervisor-metrics embedded-registry'),
  ...keys('server', 'text', 'service-node-port-range cluster-domain servicelb-namespace helm-job-image'),
  ...keys('server', 'text', 'egress-selector-mode', { values: ['agent', 'cluster', 'pod', 'disabled'] }),
  ...keys('server', 'list', 'cni', { values: ['multus', 'canal', 'calico', 'cilium', 'flannel', 'none'] }),
  ...keys('server', 'list', 'ingress-controller', {
    values: ['traefik', 'ingress-nginx', 'none'],
    since: ['v1.28.12+rke2r1', 'v1.29.7+rke2r1', 'v1.30.3+rke2r1'],
  }),
  ...keys('server', 'flag', 'enable-servicelb disable-scheduler disable-cloud-controller disable-kube-proxy'),
  ...keys('server', 'flag', 'disable-apiserver disable-controller-manager disable-etcd'),
  ...keys('server', 'list', 'helm-controller-arg kube-apiserver-arg kube-controller-manager-arg'),
  ...keys('server', 'list', 'kube-scheduler-arg kube-cloud-controller-manager-arg etcd-arg'),
  ...keys('server', 'text', 'datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile'),
  ...keys('server', 'flag', 'etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-compress'),
  ...keys('server', 'text', 'etcd-snapshot-name etcd-snapshot-schedule-cron etcd-snapshot-dir'),
  ...keys('server', 'duration', 'etcd-snapshot-reconcile-interval etcd-s3-timeout'),
  ...keys('server', 'number', 'etcd-snapshot-retention etcd-s3-retention'),
  ...keys('server', 'flag', 'etcd-s3 etcd-s3-insecure etcd-s3-skip-ssl-verify'),
  ...keys('server', 'text', 'etcd-s3-endpoint etcd-s3-endpoint-ca etcd-s3-bucket etcd-s3-folder'),
  ...keys(
    'server',
    'text',
    'etcd-s3-config-secret etcd-s3-access-key etcd-s3-secret-key etcd-s3-session-token',
  ),
  ...keys('server', 'text', 'etcd-s3-region etcd-s3-proxy'),
  ...keys('server', 'text', 'etcd-s3-bucket-lookup-type', { values: ['auto', 'dns', 'path'] }),
  ...keys('server', 'flag', 'cluster-reset secrets-encryption'),
  ...keys('server', 'text', 'cluster-reset-restore-path system-default-registry'),
  ...keys('server', 'text', 'secrets-encryption-provider', { values: ['aescbc', 'secretbox'] }),
];

const NODE_KEYS: readonly ConfigKey[] = [
  ...keys('both', 'text', 'config data-dir bind-address token token-file server node-name'),
  ...keys('both', 'flag', 'debug with-node-id disable-default-registry-endpoint nonroot-devices'),
  ...keys('both', 'flag', 'protect-kernel-defaults selinux node-name-from-cloud-provider-metadata'),
  ...keys('both', 'list', 'node-label node-taint node-ip node-external-ip'),
  ...keys('both', 'list', 'node-internal-dns node-external-dns airgap-extra-registry'),
  ...keys('both', 'list', 'kubelet-arg kube-proxy-arg'),
  ...keys('both', 'text', 'resolv-conf private-registry container-runtime-endpoint default-runtime'),
  ...keys('both', 'text', 'snapshotter image-credential-provider-bin-dir image-credential-provider-config'),
  ...keys('both', 'number', 'lb-server-port'),
  ...keys(
    'both',
    'text',
    'kube-apiserver-image kube-controller-manager-image cloud-controller-manager-image',
  ),
  ...keys('both', 'text', 'kube-proxy-image kube-scheduler-image pause-image runtime-image etcd-image'),
  ...keys('both', 'text', 'kubelet-path cloud-provider-name cloud-provider-config audit-policy-file'),
  ...keys('both', 'text', 'profile', { values: ['cis', 'etcd'] }),
  ...keys('both', 'text', 'pod-security-admission-config-file'),
  ...keys('both', 'list', 'control-plane-resource-requests control-plane-resource-limits'),
  ...keys('both', 'list', 'control-plane-probe-configuration'),
  ...COMPONENTS.flatMap((name) => keys('both', 'list', `${name}-extra-mount ${name}-extra-env`)),
];

/** Every key that RKE2's config.yaml can have, hidden ones included. */
export const CONFIG_KEYS: readonly ConfigKey[] = [...SERVER_KEYS, ...NODE_KEYS];

const BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [key.name, key]));

/** The key of that name; null when RKE2 has none. */
export function findConfigKey(name: string): ConfigKey | null {
  return BY_NAME.get(name) ?? null;
}

/** The oldest release of the version's own minor that knows the key, when this one is too old for it; null when it is not. */
export function findNeededVersion(key: ConfigKey, version: Rke2Version): string | null {
  const known = (key.since ?? []).flatMap((tag) => {
    const since = parseVersion(tag);
    return since ? [{ tag, since }] : [];
  });
  if (known.length === 0) return null;
  const same = known.find(({ since }) => since.major === version.major && since.minor === version.minor);
  if (same) return compareVersions(version, same.since) < 0 ? same.tag : null;
  const isNewer = known.some(({ since }) => compareVersions(version, since) > 0);
  return isNewer ? null : (known[0]?.tag ?? null);
}
