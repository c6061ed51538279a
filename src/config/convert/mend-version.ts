import { NEWEST_RELEASE, OLDEST_MINOR, STABLE_RELEASE } from '../../rke2/known-releases.ts';
import { parseVersion } from '../../rke2/version.ts';
import { type Draft, readDraft, replaceValues } from './draft.ts';

/** Writes a release of RKE2 in the place of RKE1's version; which one is for the person to decide. */
export function mendVersion(draft: Draft, chosen: string | null): Draft {
  const { value } = readDraft(draft);
  const before = (value as { kubernetes_version?: unknown } | null)?.kubernetes_version;
  if (typeof before !== 'string' || before === '' || parseVersion(before) !== null) return draft;
  const version = chosen ?? STABLE_RELEASE;
  const story = {
    kind: 'decision' as const,
    path: ['kubernetes_version'],
    message: `${before.slice(0, 60)} is a version of RKE1; ${version} stands there now, ${chosen === null ? 'the stable release that this rke2ctl knows' : 'as you chose'}.`,
    hint: advise(minorOf(before), minorOf(version) ?? 0, chosen !== null),
  };
  return replaceValues(draft, [{ path: ['kubernetes_version'], text: version, story }]);
}

function minorOf(version: string): number | null {
  const match = /^v?1\.(\d+)/.exec(version);
  return match ? Number(match[1]) : null;
}

function advise(before: number | null, after: number, isChosen: boolean): string {
  if (before === null || before === after)
    return 'Releases are listed at https://github.com/rancher/rke2/releases.';
  if (before > after) {
    return `That is an older Kubernetes than before. ${NEWEST_RELEASE} is the newest release that this rke2ctl knows; name a newer one, or take the line out and write \`install: {channel: v1.${before}}\`.`;
  }
  const skipped = `What you run must do with Kubernetes 1.${after}: whoever comes from 1.${before} looks at the deprecation guide (https://kubernetes.io/docs/reference/using-api/deprecation-guide/) first.`;
  if (isChosen || before < OLDEST_MINOR) return skipped;
  return `${skipped} To stay with 1.${before} for now, take the line out and write \`install: {channel: v1.${before}}\`.`;
}
