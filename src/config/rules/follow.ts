import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { familyOf } from '../ip.ts';
import { stripBrackets } from '../schema/addresses.ts';

/** Only a name can be followed, and only where nothing else says what the address is. */
export function checkFollow(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) => {
    if (node?.follow !== true) return [];
    const isName = node.address === undefined || familyOf(stripBrackets(node.address)) === null;
    return [
      ...(isName
        ? []
        : [
            findingAt(['nodes', index, 'follow'], {
              code: 'follow-needs-name',
              message: `\`${node.address}\` is an address, and when the node has another one nothing would lead to it.`,
              hint: 'Write a name as `address` that always leads to the node; or leave `follow` out, and write its new address when it has moved.',
            }),
          ]),
      ...('internal_address' in node
        ? [
            findingAt(['nodes', index, 'follow'], {
              code: 'follow-and-internal-address',
              message: '`internal_address` says which address the node has, and `follow` that it may be any.',
              hint: 'Keep one of them.',
            }),
          ]
        : []),
    ];
  });
}
