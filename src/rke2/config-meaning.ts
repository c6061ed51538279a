import { isDeepStrictEqual } from 'node:util';
import type { Rke2Value, Rke2Values } from '../domain/cluster.ts';
import { findConfigKey } from './config-keys.ts';
import { DATA_DIR } from './paths.ts';

/** What one node's settings depend on beside the files: what RKE2 finds out where they say nothing. */
export interface MeaningContext {
  /** The Node's name in the API. */
  readonly name: string;
  /** The Node's internal addresses in the API. */
  readonly addresses: readonly string[];
  /** The tenth address of the service network, which is the cluster DNS unless a key says otherwise. */
  readonly defaultDns: (serviceCidr: readonly string[]) => readonly string[];
}

/** RKE2 takes commas apart in these lists, and in no others. */
const COMMA_LISTS: ReadonlySet<string> = new Set([
  'tls-san',
  'cluster-cidr',
  'service-cidr',
  'cluster-dns',
  'disable',
  'cni',
  'node-ip',
  'node-external-ip',
  'node-internal-dns',
  'node-external-dns',
  'ingress-controller',
]);

/** What holds where a key is not set, as far as it is anything but empty or false. */
const DEFAULTS: Readonly<Record<string, string | readonly string[]>> = {
  'data-dir': DATA_DIR,
  'bind-address': '0.0.0.0',
  'tls-san-security': 'true',
  'cluster-cidr': ['10.42.0.0/16'],
  'service-cidr': ['10.43.0.0/16'],
  'service-node-port-range': '30000-32767',
  'cluster-domain': 'cluster.local',
  'egress-selector-mode': 'agent',
  cni: ['canal'],
  'servicelb-namespace': 'kube-system',
  'etcd-snapshot-name': 'etcd-snapshot',
  'etcd-snapshot-schedule-cron': '0 */12 * * *',
  'etcd-snapshot-reconcile-interval': '10m',
  'etcd-snapshot-retention': '5',
  'etcd-s3-endpoint': 's3.amazonaws.com',
  'etcd-s3-region': 'us-east-1',
  'etcd-s3-bucket-lookup-type': 'auto',
  'etcd-s3-timeout': '5m',
  'secrets-encryption-provider': 'aescbc',
  'private-registry': '/etc/rancher/rke2/registries.yaml',
  snapshotter: 'overlayfs',
  'lb-server-port': '6444',
};

/**
 * Keys that a running member does not depend on (whom it once registered with, and how), that say what is anyway, or that
 * the cluster's own objects decide about: labels and taints.
 */
const WITHOUT_WEIGHT: ReadonlySet<string> = new Set([
  'server',
  'token',
  'token-file',
  'agent-token',
  'agent-token-file',
  'config',
  'node-label',
  'node-taint',
  'with-node-id',
  'node-name-from-cloud-provider-metadata',
  'secrets-encryption',
  'cluster-reset',
  'cluster-reset-restore-path',
]);

/** Where RKE2 leaves its own kubeconfig on the servers: nothing of the cluster depends on it. */
export const KUBECONFIG_KEYS: readonly string[] = [
  'write-kubeconfig',
  'write-kubeconfig-mode',
  'write-kubeconfig-group',
  'write-kubeconfig-name',
];

/**
 * The keys in which two sets of settings say different things for one node, in the order of the alphabet: what is left
 * out counts as its default, and keys that RKE2 passes over count for nothing. More names in `tls-san` of ours are no
 * difference: certificates only ever gain names.
 */
export function configDifferences(
  found: Rke2Values,
  ours: Rke2Values,
  side: 'server' | 'agent',
  context: MeaningContext,
): readonly string[] {
  const before = meaningOf(found, side, context);
  const after = meaningOf(ours, side, context);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => !isSame(name, before[name] ?? [], after[name] ?? []));
}

/** One list of texts per key that weighs anything, defaults put in; what is empty or off is left out. */
function meaningOf(
  values: Rke2Values,
  side: 'server' | 'agent',
  { name, addresses, defaultDns }: MeaningContext,
): Readonly<Record<string, readonly string[]>> {
  const meant: Record<string, readonly string[]> = {};
  for (const [key, value] of Object.entries(values)) {
    const known = findConfigKey(key);
    if (known === null || (side === 'agent' && known.side === 'server')) continue;
    if (WITHOUT_WEIGHT.has(key) || KUBECONFIG_KEYS.includes(key)) continue;
    meant[key] = textsOf(key, value);
  }
  const serviceCidr = meant['service-cidr'] ?? [DEFAULTS['service-cidr'] ?? []].flat();
  const others: Record<string, string | readonly string[]> = {
    ...DEFAULTS,
    'node-name': name.toLowerCase(),
    'node-ip': addresses,
    ...(side === 'server' && { 'cluster-dns': defaultDns(serviceCidr) }),
    'etcd-s3-retention': meant['etcd-snapshot-retention'] ?? '5',
  };
  return Object.fromEntries(
    Object.entries(meant)
      .map(([key, texts]): [string, readonly string[]] => {
        const sorted = isOrdered(key) ? texts : texts.toSorted();
        return [key, isDefault(key, sorted, others[key]) ? [] : sorted];
      })
      .filter(([, texts]) => texts.length > 0),
  );
}

function isDefault(
  key: string,
  texts: readonly string[],
  usual: string | readonly string[] | undefined,
): boolean {
  // By itself RKE2 names every address of the interface, of which a cluster of one family uses one.
  if (key === 'node-ip') return texts.every((text) => usual?.includes(text));
  return usual !== undefined && isDeepStrictEqual(texts.toSorted(), [usual].flat().toSorted());
}

/** As RKE2's flags get it: every value a text, off and empty ones gone. */
function textsOf(key: string, value: Rke2Value): readonly string[] {
  const texts = [value].flat().map((each) => String(each).trim());
  if (key === 'node-name') return texts.map((text) => text.toLowerCase());
  const single = COMMA_LISTS.has(key)
    ? texts.flatMap((text) => text.split(',')).map((text) => text.trim())
    : texts;
  const kept = single.filter((text) => text !== '' && (text !== 'false' || key === 'tls-san-security'));
  return key === 'data-dir' ? kept.map((path) => path.replace(/\/+$/, '')) : kept;
}

/** Of flags given twice the order decides; names and addresses are sets, but for the CNI and the families' first. */
function isOrdered(key: string): boolean {
  return key === 'cni' || key === 'ingress-controller' || key === 'cluster-cidr' || key === 'service-cidr';
}

function isSame(key: string, before: readonly string[], after: readonly string[]): boolean {
  if (key === 'tls-san') return before.every((name) => after.includes(name));
  return isDeepStrictEqual(before, after);
}
