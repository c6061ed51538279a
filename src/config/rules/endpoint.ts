import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { normalizeAddress } from '../ip.ts';
import { nameOf, readAddress, readInternalAddresses } from '../resolve/resolve-node.ts';

/**
 * Several servers with a name of their own for all of them want it as endpoint: in RKE1 such a name was only for kubectl,
 * here nodes register at it, too.
 */
export function checkEndpoint(draft: ClusterDraft): readonly Finding[] {
  const nodes = draft.nodes ?? [];
  const servers = nodes.filter((node) => node?.role?.includes('controlplane'));
  const sans = draft.authentication?.sans ?? [];
  if ('endpoint' in draft || servers.length < 2) return [];
  const known = new Set(
    nodes.flatMap((node) => [
      ...(node?.address === undefined ? [] : [readAddress(node.address).toLowerCase()]),
      ...readInternalAddresses(node?.internal_address),
      ...(node ? [nameOf(node)] : []),
    ]),
  );
  const place = sans.findIndex((san) => san !== undefined && !known.has(normalizeAddress(san).toLowerCase()));
  const san = sans[place];
  if (san === undefined || san.startsWith('*')) return [];
  return [
    findingAt(['authentication', 'sans', place], {
      code: 'endpoint-unnamed',
      severity: 'warning',
      message: `${servers.length} servers, a name that is none of theirs (${san}) and no \`endpoint\`: nodes will register at one of the servers, and the kubeconfig will name one.`,
      hint: `If ${san} stands before all servers and passes on ports 6443 and 9345, write \`endpoint: ${san}\`.`,
    }),
  ];
}
