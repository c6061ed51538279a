import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { addressAt, type Cidr, contains, normalizeAddress } from '../ip.ts';
import { splitValues } from '../schema/scalars.ts';
import { DNS_PATH, readNetworks, SERVICE_PATH } from './networks.ts';

/** The DNS service is a service like others: its address lies in their network. */
export function checkClusterDns(draft: ClusterDraft): readonly Finding[] {
  const { services } = readNetworks(draft);
  if (!services) return [];
  const kubelet = draft.services?.kubelet;
  if (!kubelet || !('cluster_dns_server' in kubelet)) return findTooSmall(services);
  if (kubelet.cluster_dns_server === undefined) return [];
  const addresses = splitValues(kubelet.cluster_dns_server).map(normalizeAddress);
  const outside = addresses.find((address) => !services.some((cidr) => contains(cidr, address)));
  if (outside !== undefined) {
    const [first] = services;
    return [
      findingAt(DNS_PATH, {
        code: 'dns-outside-services',
        message: `The DNS address ${outside} is not in the services' network ${services.map(({ text }) => text).join(', ')}.`,
        hint: `Leave the key out, or write ${(first && addressAt(first, DEFAULTS.clusterDnsOffset)) ?? 'an address of that network'}.`,
      }),
    ];
  }
  const taken = services.find((cidr) => addresses.some((address) => address === addressAt(cidr, 1)));
  if (!taken) return [];
  return [
    findingAt(DNS_PATH, {
      code: 'dns-taken',
      message: `${addressAt(taken, 1)} is the address of the service \`kubernetes\` itself: the first of the services' network.`,
      hint: 'Leave the key out, and DNS gets the tenth.',
    }),
  ];
}

function findTooSmall(services: readonly Cidr[]): readonly Finding[] {
  const small = services.find((cidr) => addressAt(cidr, DEFAULTS.clusterDnsOffset) === null);
  if (!small) return [];
  return [
    findingAt(SERVICE_PATH, {
      code: 'cidr-too-small',
      message: `The services' network ${small.text} has not even a tenth address, which DNS gets.`,
      hint: 'Take a larger one, such as 10.43.0.0/16.',
    }),
  ];
}
