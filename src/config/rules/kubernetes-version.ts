import { versionOfImageList } from '../../rke2/image-list.ts';
import { parseVersion } from '../../rke2/version.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { checkVersion } from '../schema/kubernetes-version.ts';
import { isHttpUrl } from '../schema/scalars.ts';
import type { RuleContext } from './rule.ts';

/** `kubernetes_version` is a version of RKE2; of RKE1's and others it is said which one to write instead. */
export function checkKubernetesVersion(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
  const { kubernetes_version: version, install } = draft;
  if (version === undefined || parseVersion(version)) return [];
  const mistake = checkVersion(version, findHeld(install?.artifacts, context));
  return mistake ? [findingAt(['kubernetes_version'], mistake)] : [];
}

/** The release whose files lie in the directory, as its lists of images name it; null where there are none. */
function findHeld(artifacts: string | undefined, { env, toAbsolute }: RuleContext): string | null {
  if (artifacts === undefined || isHttpUrl(artifacts)) return null;
  for (const arch of ['amd64', 'arm64']) {
    for (const list of ['rke2-images', 'rke2-images-core', 'rke2-images-all']) {
      const bytes = env.readFile(`${toAbsolute(artifacts)}/${list}.linux-${arch}.txt`);
      const version = bytes instanceof Error ? null : versionOfImageList(new TextDecoder().decode(bytes));
      if (version !== null) return version;
    }
  }
  return null;
}
