import type { ClusterDraft } from '../draft.ts';
import { parseDuration } from '../duration.ts';
import { type Finding, findingAt } from '../finding.ts';

/** RKE2 alone may take that long until all of it runs. */
const SHORT_MS = 600_000;

/** A time to live that may be over while the cluster is still being made. */
export function checkTtl({ ttl }: ClusterDraft): readonly Finding[] {
  if (ttl === undefined || parseDuration(ttl) >= SHORT_MS) return [];
  return [
    findingAt(['ttl'], {
      code: 'ttl-short',
      severity: 'warning',
      message: `The cluster takes itself away ${ttl} after it was begun, and making it may take as long.`,
      hint: 'Write how long it may be needed at most, with time to spare: `ttl: 2h`.',
    }),
  ];
}
