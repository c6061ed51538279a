import { nodeKey } from '../../domain/node-identity.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { nameOf, readAddress, readInternalAddresses, readPort } from '../resolve/resolve-node.ts';
import type { RuleContext } from './rule.ts';

/** Two entries of `nodes` that would be one machine, one name, or one internal address. */
export function checkNodeDuplicates(draft: ClusterDraft, { entryOf }: RuleContext): readonly Finding[] {
  const nodes = draft.nodes ?? [];
  const addresses = nodes.map((node) => {
    if (node?.address === undefined) return null;
    return nodeKey(readAddress(node.address).toLowerCase(), readPort(node.port));
  });
  const internal = nodes.map((node) => readInternalAddresses(node?.internal_address));
  const names = nodes.map((node) => node && nameOf(node));
  const both = (first: number, index: number) =>
    `Entries ${entryOf(first) + 1} and ${entryOf(index) + 1} of \`nodes\``;
  return [
    ...findRepeated(addresses.map(listOf)).map(([index, first, value]) =>
      findingAt(['nodes', index, 'address'], {
        code: 'node-duplicate',
        message: `${both(first, index)} both name the machine ${value}.`,
        hint: 'Remove one of them and put its roles into the other; or correct `address` or `port`.',
      }),
    ),
    ...findRepeated(internal).map(([index, first, value]) =>
      findingAt(['nodes', index, 'internal_address'], {
        code: 'internal-address-duplicate',
        message: `${both(first, index)} both have the internal address ${value}.`,
        hint: 'Give each node the address that the other nodes reach it at.',
      }),
    ),
    ...findRepeated(names.map(listOf))
      .filter(([index, first]) => addresses[index] !== addresses[first] || addresses[index] === null)
      .map(([index, first, value]) =>
        findingAt(
          ['nodes', index, nodes[index]?.hostname_override === undefined ? 'address' : 'hostname_override'],
          {
            code: 'node-name-duplicate',
            message: `${both(first, index)} would both be called \`${value}\` in Kubernetes.`,
            hint: 'Give each of them a `hostname_override` of its own.',
          },
        ),
      ),
  ];
}

function listOf(value: string | null | undefined): readonly string[] {
  return value === null || value === undefined ? [] : [value];
}

/** Index of every node with a value that an earlier one has, with the index of that one. */
function findRepeated(
  values: readonly (readonly string[])[],
): readonly (readonly [index: number, first: number, value: string])[] {
  const seen = new Map<string, number>();
  return values.flatMap((all, index) => {
    const repeated = all.find((value) => seen.has(value));
    for (const value of all) if (!seen.has(value)) seen.set(value, index);
    return repeated === undefined ? [] : [[index, seen.get(repeated) ?? 0, repeated] as const];
  });
}
