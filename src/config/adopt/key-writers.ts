import type { Rke2Value, Rke2Values } from '../../domain/cluster.ts';
import { COMPONENTS, type ServiceName } from '../keys/services/component.ts';

/** Writes a value into the draft of cluster.yml, at keys from the top. */
export type Put = (path: readonly string[], value: unknown) => void;

/**
 * Says a key of config.yaml in cluster.yml's own words; false when it cannot, and nothing was put then. `all` are the
 * settings that the key stands among.
 */
type KeyWriter = (value: Rke2Value, put: Put, all: Rke2Values) => boolean;

const texts = (value: Rke2Value): readonly string[] => [value].flat().map((each) => String(each).trim());
const parts = (value: Rke2Value): readonly string[] =>
  texts(value)
    .flatMap((text) => text.split(',').map((part) => part.trim()))
    .filter((part) => part !== '');
const last = (value: Rke2Value): string => texts(value).at(-1) ?? '';
const isOn = (value: Rke2Value): boolean => last(value) === 'true';

function single(path: readonly string[]): KeyWriter {
  return (value, put) => {
    put(path, last(value));
    return true;
  };
}

function joined(path: readonly string[]): KeyWriter {
  return (value, put) => {
    put(path, parts(value).join(','));
    return true;
  };
}

/** A key that only says something when it is on. */
function flag(path: readonly string[], written: unknown = true): KeyWriter {
  return (value, put) => {
    if (isOn(value)) put(path, written);
    return true;
  };
}

const BACKUP = ['services', 'etcd', 'backup_config'];
const S3 = [...BACKUP, 's3backupconfig'];

/** Schedule and count stand together, RKE2's defaults where one of them is not set; never when snapshots are off. */
const schedule: KeyWriter = (_value, put, all) => {
  put([...BACKUP, 'schedule'], last(all['etcd-snapshot-schedule-cron'] ?? '0 */12 * * *'));
  put([...BACKUP, 'retention'], Number(last(all['etcd-snapshot-retention'] ?? '5')));
  return true;
};

/** cluster.yml would count the snapshots in S3 by the number of nodes: RKE2's own default is said instead. */
const s3: KeyWriter = (value, put, all) => {
  if (!isOn(value)) return true;
  if (all['etcd-s3-bucket'] === undefined && all['etcd-s3-config-secret'] === undefined) return false;
  put(
    ['rke2', 'server', 'etcd-s3-retention'],
    Number(last(all['etcd-s3-retention'] ?? all['etcd-snapshot-retention'] ?? '5')),
  );
  // cluster.yml has no default for it.
  if (all['etcd-s3-config-secret'] === undefined)
    s3Endpoint(all['etcd-s3-endpoint'] ?? 's3.amazonaws.com', put, all);
  return schedule(value, put, all);
};

/** What is said of S3 has no effect as long as it is off, and in cluster.yml it would turn it on. */
function whenS3(writer: KeyWriter): KeyWriter {
  return (value, put, all) => !isOn(all['etcd-s3'] ?? false) || writer(value, put, all);
}

const s3Endpoint: KeyWriter = (value, put, all) => {
  const plain = isOn(all['etcd-s3-insecure'] ?? false);
  put([...S3, 'endpoint'], `${plain ? 'http://' : ''}${last(value)}`);
  return true;
};

const s3Timeout: KeyWriter = (value, put) => {
  const found = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(last(value));
  if (found === null || last(value) === '') return false;
  const [hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  put([...BACKUP, 'timeout'], hours * 3600 + minutes * 60 + seconds);
  return true;
};

const said: KeyWriter = () => true;

const INGRESS: Readonly<Record<string, string>> = {
  'ingress-nginx': 'nginx',
  traefik: 'traefik',
  none: 'none',
};

const ingress: KeyWriter = (value, put) => {
  const names = parts(value).map((name) => INGRESS[name]);
  if (names.includes(undefined)) return false;
  put(['ingress', 'provider'], names.length === 1 ? names[0] : names);
  return true;
};

const cni: KeyWriter = (value, put) => {
  const names = parts(value);
  put(['network', 'plugin'], names.length === 1 ? names[0] : names);
  return true;
};

/** `name=value` items by name: those that come once, and those that come several times. */
function componentFlags(service: ServiceName): KeyWriter {
  return (value, put) => {
    const byName = new Map<string, string[]>();
    for (const item of texts(value)) {
      const at = item.indexOf('=');
      if (at < 1) return false;
      const name = item.slice(0, at).replace(/^-+/, '');
      byName.set(name, [...(byName.get(name) ?? []), item.slice(at + 1)]);
    }
    for (const [name, values] of byName) {
      if (values.length === 1) put(['services', service, 'extra_args', name], values[0]);
      else put(['services', service, 'extra_args_array', name], values);
    }
    return true;
  };
}

function listOf(path: readonly string[]): KeyWriter {
  return (value, put) => {
    put(path, texts(value));
    return true;
  };
}

const SERVER_COMPONENTS = ['etcd', 'kube-api', 'kube-controller', 'scheduler'] as const;

const COMPONENT_WRITERS: Readonly<Record<string, KeyWriter>> = Object.fromEntries(
  SERVER_COMPONENTS.flatMap((service): [string, KeyWriter][] => [
    [`${COMPONENTS[service]}-arg`, componentFlags(service)],
    [`${COMPONENTS[service]}-extra-mount`, listOf(['services', service, 'extra_binds'])],
    [`${COMPONENTS[service]}-extra-env`, listOf(['services', service, 'extra_env'])],
  ]),
);

/** Keys of config.yaml that have a name of their own in cluster.yml, and how to write them there. */
export const KEY_WRITERS: Readonly<Record<string, KeyWriter>> = {
  ...COMPONENT_WRITERS,
  cni,
  'cluster-cidr': joined(['services', 'kube-controller', 'cluster_cidr']),
  'service-cidr': joined(['services', 'kube-api', 'service_cluster_ip_range']),
  'cluster-dns': joined(['services', 'kubelet', 'cluster_dns_server']),
  'cluster-domain': single(['services', 'kubelet', 'cluster_domain']),
  'service-node-port-range': single(['services', 'kube-api', 'service_node_port_range']),
  'pause-image': single(['services', 'kubelet', 'infra_container_image']),
  'ingress-controller': ingress,
  'cloud-provider-name': single(['cloud_provider', 'name']),
  'etcd-disable-snapshots': flag(['services', 'etcd', 'snapshot'], false),
  'etcd-snapshot-schedule-cron': schedule,
  'etcd-snapshot-retention': schedule,
  'etcd-s3': s3,
  'etcd-s3-insecure': said,
  'etcd-s3-bucket': whenS3(single([...S3, 'bucket_name'])),
  'etcd-s3-endpoint': whenS3(s3Endpoint),
  'etcd-s3-region': whenS3(single([...S3, 'region'])),
  'etcd-s3-folder': whenS3(single([...S3, 'folder'])),
  'etcd-s3-access-key': whenS3(single([...S3, 'access_key'])),
  'etcd-s3-secret-key': whenS3(single([...S3, 'secret_key'])),
  'etcd-s3-session-token': whenS3(single([...S3, 'session_token'])),
  'etcd-s3-config-secret': whenS3(single([...S3, 'config_secret'])),
  'etcd-s3-timeout': whenS3(s3Timeout),
  'datastore-endpoint': single(['datastore', 'endpoint']),
  profile: single(['profile']),
  selinux: flag(['selinux']),
  'embedded-registry': flag(['embedded_registry']),
  'disable-default-registry-endpoint': flag(['registries', 'disable_default_registry_endpoint']),
};
