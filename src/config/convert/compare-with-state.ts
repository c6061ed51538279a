import type { ConversionEntry } from '../../domain/conversion.ts';
import { DEFAULTS } from '../defaults.ts';
import { formatPath, type Path } from '../finding.ts';
import { valueAt } from '../value-mistakes.ts';
import type { OldCluster } from './read-rke1-state.ts';

/** What differs between the cluster that RKE1 ran and the new file, and what only the state tells. */
export function compareWithState(value: unknown, old: OldCluster): readonly ConversionEntry[] {
  return [
    ...SETTINGS.flatMap(([key, path, words, fallback]) => compare(value, path, words, old[key], fallback)),
    ...compareNodes(value, old),
    ...(old.version === null
      ? []
      : [decide(['kubernetes_version'], `The old cluster ran Kubernetes ${old.version}.`, null)]),
    ...(old.encrypted ? [decide([], ENCRYPTED, ENCRYPTED_HINT)] : []),
  ];
}

type Setting = 'clusterCidr' | 'serviceCidr' | 'clusterDns' | 'clusterDomain' | 'plugin';

const SETTINGS: readonly (readonly [Setting, Path, words: string, fallback: string])[] = [
  ['clusterCidr', ['services', 'kube-controller', 'cluster_cidr'], 'pod network', DEFAULTS.clusterCidr],
  [
    'serviceCidr',
    ['services', 'kube-api', 'service_cluster_ip_range'],
    'service network',
    DEFAULTS.serviceCidr,
  ],
  ['clusterDns', ['services', 'kubelet', 'cluster_dns_server'], 'DNS address', '10.43.0.10'],
  ['clusterDomain', ['services', 'kubelet', 'cluster_domain'], 'DNS domain', DEFAULTS.clusterDomain],
  ['plugin', ['network', 'plugin'], 'network plugin', DEFAULTS.cni],
];

const ENCRYPTED =
  'The old cluster’s Secrets are encrypted in its etcd with a key of its own. RKE2 always encrypts, with a key that it makes itself.';
const ENCRYPTED_HINT =
  'Bring Secrets over as objects (with Velero, GitOps or `kubectl get -o yaml`): a snapshot of the old etcd is of no use to RKE2.';

function compare(
  value: unknown,
  path: Path,
  words: string,
  before: string | null,
  fallback: string,
): readonly ConversionEntry[] {
  const written = valueAt(value, path);
  const after = typeof written === 'string' ? written : fallback;
  if (before === null || before === after) return [];
  const message = `The old cluster’s ${words} was ${before}; the new one’s will be ${after}.`;
  return [
    decide(
      path,
      message,
      `If workloads or firewalls count on ${before}, write it as \`${formatPath(path)}\`.`,
    ),
  ];
}

function compareNodes(value: unknown, { nodes }: OldCluster): readonly ConversionEntry[] {
  const written = valueAt(value, ['nodes']);
  const known = Array.isArray(written)
    ? written.map((node) => String((node as { address?: unknown } | null)?.address ?? ''))
    : [];
  const missing = nodes.filter((address) => !known.includes(address));
  if (missing.length === 0) return [];
  const shown = missing.slice(0, 6).join(', ');
  const more = missing.length > 6 ? ` and ${missing.length - 6} more` : '';
  const message = `The old cluster had hosts that the file does not name: ${shown}${more}.`;
  return [decide(['nodes'], message, 'Add them, or leave them to the old cluster.')];
}

function decide(path: Path, message: string, hint: string | null): ConversionEntry {
  return { kind: 'decision', path: formatPath(path), line: null, message, hint };
}
