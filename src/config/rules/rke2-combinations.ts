import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** Pairs of RKE2's keys with which RKE2 refuses to start. */
export function checkRke2Combinations(draft: ClusterDraft): readonly Finding[] {
  return (['server', 'agent'] as const).flatMap((side) => {
    const values = draft.rke2?.[side] ?? {};
    const findings: Finding[] = [];
    if (draft.profile === 'cis' && values['protect-kernel-defaults'] === false) {
      findings.push(
        findingAt(['rke2', side, 'protect-kernel-defaults'], {
          code: 'rke2-values-conflict',
          message: 'With `profile: cis` RKE2 refuses to start unless `protect-kernel-defaults` is true.',
          hint: 'Leave `protect-kernel-defaults` out: the profile sets it.',
        }),
      );
    }
    if (values['cloud-provider-config'] !== undefined && !('cloud-provider-name' in values)) {
      findings.push(
        findingAt(['rke2', side, 'cloud-provider-config'], {
          code: 'rke2-values-conflict',
          message: '`cloud-provider-config` is of no use without the name of the cloud provider.',
          hint: 'Set `cloud-provider-name` as well.',
        }),
      );
    }
    return findings;
  });
}
