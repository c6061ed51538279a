import type { Cluster } from '../../domain/cluster.ts';
import { remember } from '../../lib/remember.ts';
import { CNI_INTERFACE } from '../../rke2/cni-interfaces.ts';
import { type CheckedHost, type Complaint, hostCheck } from './check.ts';
import { containsNetwork, overlaps } from './networks.ts';

interface Occupied {
  readonly network: string;
  readonly interface: string;
  readonly what: string;
}

interface Range {
  readonly cidr: string;
  readonly what: string;
  readonly key: string;
}

/** Pods and services must not have addresses that the host already reaches elsewhere. */
export const cidrOverlap = hostCheck('cidr-overlap', 'error', (host, input) => {
  const complaints = new Map<string, Complaint>();
  for (const occupied of occupiedOn(host)) {
    const ranges = rangesOf(input.cluster).filter(
      (range) =>
        overlaps(range.cidr, occupied.network) &&
        // Where RKE2 runs, its routes and addresses lie in these ranges, as they should; whose RKE2 is another check.
        !(host.hasRke2 && containsNetwork(range.cidr, occupied.network)),
    );
    if (ranges.length === 0) continue;
    // A connected route and the interface's own address are one thing to people.
    const key = `${occupied.interface} ${ranges.map((range) => range.cidr).join(' ')}`;
    if (!complaints.has(key)) complaints.set(key, complain(ranges, occupied));
  }
  return [...complaints.values()];
});

const rangesOf = remember(({ network }: Cluster): readonly Range[] => {
  const { clusterCidr, serviceCidr } = network;
  return [
    ...clusterCidr.map((cidr) => ({ cidr, what: 'pods', key: 'services.kube-controller.cluster_cidr' })),
    ...serviceCidr.map((cidr) => ({
      cidr,
      what: 'services',
      key: 'services.kube-api.service_cluster_ip_range',
    })),
  ];
});

function occupiedOn({ facts }: CheckedHost): readonly Occupied[] {
  return [
    ...facts.routes
      .filter((route) => route.destination !== 'default' && !/\/0$/.test(route.destination))
      .map((route) => ({ network: route.destination, interface: route.interface, what: 'route' })),
    ...facts.addresses.map((own) => ({
      network: `${own.address}/${own.prefix}`,
      interface: own.interface,
      what: 'address',
    })),
  ];
}

function complain(ranges: readonly Range[], occupied: Occupied): Complaint {
  const leftover = CNI_INTERFACE.test(occupied.interface);
  const names = ranges.map((range) => `${range.what} (${range.cidr})`).join(' and ');
  const keys = ranges.map((range) => `\`${range.key}\``).join(' and ');
  return {
    message: `The addresses for ${names} overlap the ${occupied.what} ${occupied.network} on ${occupied.interface}: what lives there could no longer be reached.`,
    hint: leftover
      ? `${occupied.interface} is left over from another cluster: \`ip link delete ${occupied.interface}\`, or reboot.`
      : `Choose another range in ${keys} (it cannot be changed later), or pass \`--ignore-check cidr-overlap\` if nothing that matters lives there.`,
  };
}
