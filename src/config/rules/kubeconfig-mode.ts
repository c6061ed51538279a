import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** Whoever can read the kubeconfig is the cluster's administrator. */
export function checkKubeconfigMode(draft: ClusterDraft): readonly Finding[] {
  const mode = draft.kubeconfig?.mode;
  if (mode === undefined || (Number.parseInt(mode, 8) & 0o007) === 0) return [];
  return [
    findingAt(['kubeconfig', 'mode'], {
      code: 'kubeconfig-open',
      severity: 'warning',
      message: `With mode ${mode} every user of this machine can read the kubeconfig, and with it rule the cluster.`,
      hint: 'Write `mode: "0600"`, or `"0640"` with a `group`.',
    }),
  ];
}
