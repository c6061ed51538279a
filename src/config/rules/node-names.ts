import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { nameOf } from '../resolve/resolve-node.ts';
import { isDnsSubdomain } from '../schema/labels.ts';

/** An address that is a name becomes the node's name, so Kubernetes must be able to take it. */
export function checkNodeNames(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) => {
    if (!node || 'hostname_override' in node) return [];
    const name = nameOf(node);
    if (name === null || isDnsSubdomain(name)) return [];
    return [
      findingAt(['nodes', index, 'address'], {
        code: 'node-name-invalid',
        message: `The address \`${node.address}\` would be the node's name, and Kubernetes does not take it as one.`,
        hint: 'Add a `hostname_override` of letters, digits, dashes and dots.',
      }),
    ];
  });
}
