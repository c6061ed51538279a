import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import type { Path } from '../finding.ts';
import { type Cidr, parseCidr } from '../ip.ts';
import { splitValues } from '../schema/scalars.ts';

export const POD_PATH: Path = ['services', 'kube-controller', 'cluster_cidr'];
export const SERVICE_PATH: Path = ['services', 'kube-api', 'service_cluster_ip_range'];
export const DNS_PATH: Path = ['services', 'kubelet', 'cluster_dns_server'];

/** The address ranges of the cluster, defaults included; null where the file's own could not be understood. */
export interface Networks {
  readonly pods: readonly Cidr[] | null;
  readonly services: readonly Cidr[] | null;
}

/** Reads both ranges from the draft. */
export function readNetworks(draft: ClusterDraft): Networks {
  const controller = draft.services?.['kube-controller'];
  const api = draft.services?.['kube-api'];
  return {
    pods: readRange(controller, 'cluster_cidr', DEFAULTS.clusterCidr),
    services: readRange(api, 'service_cluster_ip_range', DEFAULTS.serviceCidr),
  };
}

function readRange<Key extends string>(
  section: { readonly [name in Key]?: string | readonly (string | undefined)[] | undefined } | undefined,
  key: Key,
  otherwise: string,
): readonly Cidr[] | null {
  if (!section || !(key in section)) return splitValues(otherwise).flatMap((text) => parseCidr(text) ?? []);
  const written = section[key];
  return written === undefined ? null : splitValues(written).flatMap((text) => parseCidr(text) ?? []);
}
