import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { splitValues } from '../schema/scalars.ts';

/** RKE1's file names the service network in two places, which must agree. */
export function checkServiceRangeTwice(draft: ClusterDraft): readonly Finding[] {
  const controller = draft.services?.['kube-controller']?.service_cluster_ip_range;
  const api = draft.services?.['kube-api'];
  if (controller === undefined) return [];
  if (api && 'service_cluster_ip_range' in api && api.service_cluster_ip_range === undefined) return [];
  const valid = api?.service_cluster_ip_range ?? DEFAULTS.serviceCidr;
  if (splitValues(controller).join() === splitValues(valid).join()) return [];
  return [
    findingAt(['services', 'kube-controller', 'service_cluster_ip_range'], {
      code: 'service-cidr-twice',
      message: `Here the services' network is ${splitValues(controller).join(',')}, in \`services.kube-api\` it is ${splitValues(valid).join(',')}${api?.service_cluster_ip_range === undefined ? ' (the default)' : ''}.`,
      hint: 'Write the one that is meant as `services.kube-api.service_cluster_ip_range`, and leave it out here.',
    }),
  ];
}
