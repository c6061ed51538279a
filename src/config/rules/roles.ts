import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** A cluster needs etcd and a control plane; and no role is given twice to a node. */
export function checkRoles(draft: ClusterDraft): readonly Finding[] {
  return [...findRepeatedRoles(draft), ...findMissingRoles(draft), ...findTwoDatastores(draft)];
}

/** The key by which the file keeps the cluster's data outside, so that no node has the role etcd; null when it does not. */
function findDatastoreKey(draft: ClusterDraft): string | null {
  if (draft.datastore !== undefined) return 'datastore';
  if (draft.services?.etcd?.external_urls !== undefined) return 'services.etcd.external_urls';
  return 'datastore-endpoint' in (draft.rke2?.server ?? {}) ? 'rke2.server.datastore-endpoint' : null;
}

function findRepeatedRoles(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) =>
    (node?.role ?? []).flatMap((role, place, all) =>
      role !== undefined && all.indexOf(role) < place
        ? [
            findingAt(['nodes', index, 'role', place], {
              code: 'role-duplicate',
              message: `The role \`${role}\` is named twice for this node.`,
              hint: 'Remove one of the two; perhaps another role was meant.',
            }),
          ]
        : [],
    ),
  );
}

function findMissingRoles(draft: ClusterDraft): readonly Finding[] {
  const roles = draft.nodes?.map((node) => node?.role);
  if (!roles || roles.length === 0 || roles.some((each) => each === undefined || each.includes(undefined)))
    return [];
  const present = new Set(roles.flat());
  const missing = (['etcd', 'controlplane'] as const).filter(
    (role) => !present.has(role) && !(role === 'etcd' && findDatastoreKey(draft) !== null),
  );
  return missing.map((role) =>
    findingAt(
      ['nodes'],
      {
        code: `role-${role}-missing`,
        message: `No node has the role \`${role}\`, and no cluster runs without one.`,
        hint: `Add \`${role}\` to the \`role\` of at least one node; for one machine: \`role: [controlplane, etcd, worker]\`.`,
      },
      'key',
    ),
  );
}

function findTwoDatastores(draft: ClusterDraft): readonly Finding[] {
  const key = findDatastoreKey(draft);
  if (key === null) return [];
  return (draft.nodes ?? []).flatMap((node, index) => {
    const place = node?.role?.indexOf('etcd') ?? -1;
    if (place < 0) return [];
    return [
      findingAt(['nodes', index, 'role', place], {
        code: 'datastore-twice',
        message: `This node has the role \`etcd\`, while \`${key}\` names an external datastore.`,
        hint: 'Keep one of the two: with an external datastore no node has the role `etcd`.',
      }),
    ];
  });
}
