import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';

/** `drain: true` is kept for the day when rke2ctl drains nodes, and must not be believed before. */
export function checkDrain(draft: ClusterDraft): readonly Finding[] {
  if (draft.upgrade_strategy?.drain !== true) return [];
  return [
    findingAt(
      ['upgrade_strategy', 'drain'],
      {
        code: 'drain-not-yet',
        severity: 'warning',
        message:
          'Nodes are not drained yet: when a setting changes, their service starts anew with the pods in place.',
        hint: 'It may stay in the file. Where pods must move first, run `kubectl drain` before `rke2ctl up`.',
      },
      'key',
    ),
  ];
}
