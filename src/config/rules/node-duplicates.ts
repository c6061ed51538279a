import { nodeKey } from '../../domain/node-identity.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { nameOf, readAddress, readPort } from '../resolve/resolve-node.ts';

/** Two entries of `nodes` that would be one machine, one name, or one internal address. */
export function checkNodeDuplicates(draft: ClusterDraft): readonly Finding[] {
  const nodes = draft.nodes ?? [];
  const addresses = nodes.map((node) => {
    if (node?.address === undefined) return null;
    return nodeKey(readAddress(node.address).toLowerCase(), readPort(node.port));
  });
  const internal = nodes.map((node) => (node?.internal_address ? readAddress(node.internal_address) : null));
  const names = nodes.map((node) => node && nameOf(node));
  return [
    ...findRepeated(addresses).map(([index, first, value]) =>
      findingAt(['nodes', index, 'address'], {
        code: 'node-duplicate',
        message: `Entries ${first + 1} and ${index + 1} of \`nodes\` are the same machine, ${value}.`,
        hint: 'Remove one of them and put its roles into the other; or correct `address` or `port`.',
      }),
    ),
    ...findRepeated(internal).map(([index, first, value]) =>
      findingAt(['nodes', index, 'internal_address'], {
        code: 'internal-address-duplicate',
        message: `Entries ${first + 1} and ${index + 1} of \`nodes\` both have the internal address ${value}.`,
        hint: 'Give each node the address that the other nodes reach it at.',
      }),
    ),
    ...findRepeated(names)
      .filter(([index, first]) => addresses[index] !== addresses[first] || addresses[index] === null)
      .map(([index, first, value]) =>
        findingAt(
          ['nodes', index, nodes[index]?.hostname_override === undefined ? 'address' : 'hostname_override'],
          {
            code: 'node-name-duplicate',
            message: `Entries ${first + 1} and ${index + 1} of \`nodes\` would both be called \`${value}\` in Kubernetes.`,
            hint: 'Give each of them a `hostname_override` of its own.',
          },
        ),
      ),
  ];
}

/** Index of every repeated value, with that of its first appearance. */
function findRepeated(
  values: readonly (string | null | undefined)[],
): readonly (readonly [index: number, first: number, value: string])[] {
  const seen = new Map<string, number>();
  return values.flatMap((value, index) => {
    if (value === null || value === undefined) return [];
    const first = seen.get(value);
    if (first !== undefined) return [[index, first, value] as const];
    seen.set(value, index);
    return [];
  });
}
