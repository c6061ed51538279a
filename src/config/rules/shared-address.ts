import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { readAddress, readPort } from '../resolve/resolve-node.ts';

/** Several machines behind one public address need internal addresses to reach each other by. */
export function checkSharedAddresses(draft: ClusterDraft): readonly Finding[] {
  const nodes = draft.nodes ?? [];
  const ports = new Map<string, Set<number>>();
  for (const node of nodes) {
    if (node?.address === undefined) continue;
    const address = readAddress(node.address).toLowerCase();
    ports.set(address, (ports.get(address) ?? new Set()).add(readPort(node.port)));
  }
  return nodes.flatMap((node, index) => {
    if (node?.address === undefined || 'internal_address' in node) return [];
    const count = ports.get(readAddress(node.address).toLowerCase())?.size ?? 0;
    if (count < 2) return [];
    return [
      findingAt(['nodes', index, 'address'], {
        code: 'internal-address-missing',
        message: `${count} nodes share the address ${node.address}, so that the others cannot tell this one apart by it.`,
        hint: 'Add `internal_address`: the IP address that the other nodes reach it at.',
      }),
    ];
  });
}
