import type { Cluster, NodeKey } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import { factsOf, installPrefix, type SelectedArtifacts } from '../render/desired-node.ts';
import { requiredDisk } from '../rke2/requirements.ts';

/** Bytes that would be put on each host, by directory; hosts that have all are left out. */
export function diskNeed(
  cluster: Cluster,
  observed: Observed,
  artifacts: Readonly<Record<string, SelectedArtifacts>>,
): Readonly<Record<NodeKey, Readonly<Record<string, number>>>> {
  const entries = cluster.nodes.flatMap((node) => {
    const facts = factsOf(observed, node.key);
    const files = facts === null ? undefined : artifacts[facts.arch];
    if (facts === null || files === undefined) return [];
    // A bundle of the version before bears the same name, and stays on the disk until the node is healthy.
    const missing = files.images.filter(
      ({ name, sizeBytes }) =>
        !facts.rke2.images.some((image) => image.name === name && image.sizeBytes === sizeBytes),
    );
    if (missing.length === 0 && facts.rke2.binaries.length > 0) return [];
    const need = requiredDisk({
      imageBytes: missing.reduce((sum, image) => sum + image.sizeBytes, 0),
      tarballBytes: files.tarball?.sizeBytes ?? 0,
      prefix: installPrefix(cluster, facts),
      dataDir: cluster.dataDir,
    });
    return [[node.key, need] as const];
  });
  return Object.fromEntries(entries);
}
