import type { Cluster } from '../domain/cluster.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';

/**
 * A file without a version gets, at its first `up`, what the artifacts or the channel have; the state remembers it, and the
 * file had better say it, too: who reads it or loses the state would not know what runs.
 */
export function checkPinnedVersion(cluster: Cluster, isNew: boolean, version: string): readonly Diagnostic[] {
  // `--local` has no file to write into.
  const hasFile = cluster.nodes.some(({ address }) => address !== 'localhost');
  if (!isNew || cluster.version !== null || !hasFile) return [];
  const { artifacts, channel } = cluster.install;
  const origin = artifacts === null ? `the newest of the channel ${channel}` : `what ${artifacts} holds`;
  return [
    {
      severity: 'warning',
      code: 'version-not-pinned',
      message: `The file names no version of RKE2; ${version} is taken, ${origin}, and stays until the file names another.`,
      hint: `Write \`kubernetes_version: ${version}\` into it, so that it says what runs.`,
    },
  ];
}
