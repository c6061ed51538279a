import { CLUSTER_WIDE_KEYS } from '../../rke2/cluster-wide-keys.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { ownedKeys } from '../owned-keys.ts';
import { checkRke2Value, refuseRke2Key } from './rke2-values.ts';

/** Keys of config.yaml of a single node: RKE2 must take them there, and no server may differ in what holds for all. */
export function checkNodeRke2(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) => {
    const isAgent = node?.role?.every((role) => role === 'worker') === true;
    return Object.entries(node?.rke2 ?? {}).flatMap(([name, value]): readonly Finding[] => {
      const path = ['nodes', index, 'rke2', name];
      if (!isAgent && CLUSTER_WIDE_KEYS.has(name)) return [findingAt(path, explainClusterWide(name), 'key')];
      const refused = refuseRke2Key(name, isAgent ? 'agent' : 'server', draft, 'node');
      if (refused?.code === 'rke2-key-side') return [findingAt(path, explainSide(name), 'key')];
      if (refused) return [findingAt(path, refused, 'key')];
      const mistake = value === undefined ? null : checkRke2Value(name, value);
      return mistake ? [findingAt(path, mistake)] : [];
    });
  });
}

function explainClusterWide(name: string) {
  return {
    code: 'rke2-key-cluster-wide',
    message: `\`${name}\` has to be the same on all servers, and here it would hold for this node alone.`,
    hint: ownedKeys().get(name)?.hint ?? 'Move it to `rke2.server`.',
  };
}

function explainSide(name: string) {
  return {
    code: 'rke2-key-side',
    message: `\`${name}\` is a setting of servers, and this node is only a worker.`,
    hint: 'Leave it out here; `rke2.server` sets it for all servers.',
  };
}
