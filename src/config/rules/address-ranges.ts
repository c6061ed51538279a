import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, listNames } from '../finding.ts';
import { type Cidr, contains, overlaps } from '../ip.ts';
import { readInternalAddresses } from '../resolve/resolve-node.ts';
import { POD_PATH, readNetworks, SERVICE_PATH } from './networks.ts';

const FAMILY = { 4: 'IPv4', 6: 'IPv6' } as const;

/** Pods, services and nodes each have addresses of their own, and pods and services the same IP families. */
export function checkAddressRanges(draft: ClusterDraft): readonly Finding[] {
  const { pods, services } = readNetworks(draft);
  const findings: Finding[] = [];
  if (pods && services) {
    const clash = pods.flatMap((pod) =>
      services.filter((service) => overlaps(pod, service)).map((each) => [pod, each] as const),
    )[0];
    const path =
      draft.services?.['kube-api']?.service_cluster_ip_range === undefined ? POD_PATH : SERVICE_PATH;
    if (clash) findings.push(explainOverlap(clash[0], clash[1], path));
    else if (familiesOf(pods) !== familiesOf(services)) findings.push(explainFamilies(pods, services, path));
  }
  return [
    ...findings,
    ...findCoveredNodes(draft, pods ?? [], services ?? []),
    ...findForeignFamilies(draft, pods),
  ];
}

function explainOverlap(pod: Cidr, service: Cidr, path: Finding['path']): Finding {
  return findingAt(path, {
    code: 'cidr-overlap',
    message: `The pods' network ${pod.text} and the services' network ${service.text} overlap.`,
    hint: 'Give them ranges that share no address, such as the defaults 10.42.0.0/16 and 10.43.0.0/16.',
  });
}

function explainFamilies(pods: readonly Cidr[], services: readonly Cidr[], path: Finding['path']): Finding {
  return findingAt(path, {
    code: 'cidr-families',
    message: `Pods have ${familiesOf(pods)} addresses and services ${familiesOf(services)} ones; RKE2 needs the same families for both.`,
    hint: `Set ${listNames(['services.kube-controller.cluster_cidr', 'services.kube-api.service_cluster_ip_range'], 'and')}, each with one network per family.`,
  });
}

function familiesOf(cidrs: readonly Cidr[]): string {
  return [...new Set(cidrs.map(({ family }) => FAMILY[family]))].sort().join(' and ');
}

function findCoveredNodes(
  draft: ClusterDraft,
  pods: readonly Cidr[],
  services: readonly Cidr[],
): readonly Finding[] {
  const ranges = [
    ...pods.map((cidr) => ({ cidr, of: 'pods' })),
    ...services.map((cidr) => ({ cidr, of: 'services' })),
  ];
  return (draft.nodes ?? []).flatMap((node, index) =>
    (['address', 'internal_address'] as const).flatMap((key) => {
      const written = readInternalAddresses(node?.[key]);
      const address = written.find((each) => ranges.some(({ cidr }) => contains(cidr, each)));
      const covering = address && ranges.find(({ cidr }) => contains(cidr, address));
      if (!covering) return [];
      return [
        findingAt(['nodes', index, key], {
          code: 'node-in-cluster-cidr',
          message: `${address} lies in ${covering.cidr.text}, the network of the cluster's ${covering.of}: packets for the node would never reach it.`,
          hint: `Choose another network for the ${covering.of}: \`${(covering.of === 'pods' ? POD_PATH : SERVICE_PATH).join('.')}\`.`,
        }),
      ];
    }),
  );
}

/** RKE2 refuses to start where a node's IP is of a family that the pods have not. */
function findForeignFamilies(draft: ClusterDraft, pods: readonly Cidr[] | null): readonly Finding[] {
  if (!pods) return [];
  return (draft.nodes ?? []).flatMap((node, index) => {
    if (node?.internal_address === undefined) return [];
    const families = readInternalAddresses(node.internal_address).map((each) => (each.includes(':') ? 6 : 4));
    const family = families.find((each) => !pods.some((cidr) => cidr.family === each));
    if (family === undefined) return [];
    return [
      findingAt(['nodes', index, 'internal_address'], {
        code: 'node-family',
        message: `The internal address is ${FAMILY[family]}, but pods and services have only ${familiesOf(pods)} networks.`,
        hint: `Add ${FAMILY[family]} networks to \`${POD_PATH.join('.')}\` and \`services.kube-api.service_cluster_ip_range\`.`,
      }),
    ];
  });
}
