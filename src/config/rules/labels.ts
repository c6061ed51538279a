import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';
import { checkLabelValue, checkQualifiedName } from '../schema/labels.ts';

/** Labels in Kubernetes' own namespaces that a kubelet may give its own node; it refuses to start with any other. */
const KUBELET_LABELS = [
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
];
const KUBELET_NAMESPACES = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

/** Labels must be well-formed, and such that a kubelet may give them to its own node. */
export function checkLabels(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((node, index) =>
    Object.entries(node?.labels ?? {}).flatMap(([key, value]) => {
      const path = ['nodes', index, 'labels', key];
      const mistake = checkQualifiedName(key, 'label') ?? checkKubeletMaySet(key);
      if (mistake) return [findingAt(path, { code: 'label-invalid', ...mistake }, 'key')];
      const wrong = value === undefined ? null : checkLabelValue(value, 'label');
      return wrong ? [findingAt(path, { code: 'label-invalid', ...wrong })] : [];
    }),
  );
}

function checkKubeletMaySet(key: string): Mistake | null {
  const namespace = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  const isReserved = ['kubernetes.io', 'k8s.io'].some(
    (top) => namespace === top || namespace.endsWith(`.${top}`),
  );
  if (!isReserved || KUBELET_LABELS.includes(key)) return null;
  if (KUBELET_NAMESPACES.some((top) => namespace === top || namespace.endsWith(`.${top}`))) return null;
  const isRole = namespace === 'node-role.kubernetes.io';
  return {
    code: 'label-reserved',
    message: `A node may not give itself the label \`${key}\`: its kubelet would refuse to start.`,
    hint: isRole
      ? 'Leave the label out: etcd and controlplane nodes get theirs from RKE2. For workers, `kubectl label node` does it once they are up.'
      : 'Use a domain of your own, such as `example.com/…`, or `kubectl label node` once the node is up.',
  };
}
