import type { Cluster } from '../domain/cluster.ts';
import type { Observed } from '../domain/observed.ts';
import type { AddonRecord, ObjectRef, State } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import { factsOf } from '../render/desired-node.ts';
import { type Manifest, manifestPath } from '../render/manifests.ts';
import { listManifestObjects, objectKey } from '../rke2/manifest-objects.ts';

/**
 * The state with a record of every manifest of the file; it is on disk before the first of them reaches a node, so that
 * whatever they bring can be deleted some day. Records of manifests that left the file stay until that is done.
 */
export function rememberAddons(
  state: State,
  manifests: readonly Manifest[],
  cluster: Cluster,
  observed: Observed,
): State {
  const records = manifests.flatMap(({ name, content, url }): [string, AddonRecord][] => {
    if (content === null) return [];
    const hash = sha256(content);
    const before = state.addons[name];
    const isSettled = isInPlace(cluster, observed, name, hash);
    if (before?.sha256 === hash && before.url === url && isSettled) return [[name, before]];
    const { objects } = listManifestObjects(content);
    // Until RKE2 has the new text, what the old one brought is still there.
    const all = isSettled ? objects : [...objects, ...(before?.objects ?? [])];
    return [[name, { sha256: hash, url, objects: uniqueObjects(all) }]];
  });
  return { ...state, addons: { ...state.addons, ...Object.fromEntries(records) } };
}

function isInPlace(cluster: Cluster, observed: Observed, name: string, hash: string): boolean {
  const path = manifestPath(cluster.dataDir, name);
  return cluster.nodes
    .filter(({ roles }) => roles.includes('controlplane'))
    .every(({ key }) => factsOf(observed, key)?.rke2.files[path]?.sha256 === hash);
}

function uniqueObjects(objects: readonly ObjectRef[]): readonly ObjectRef[] {
  return [...new Map(objects.map((object) => [objectKey(object), object])).values()];
}
