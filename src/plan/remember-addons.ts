import { isDeepStrictEqual } from 'node:util';
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
    return [
      [name, recordOf(content, url, state.addons[name], isInPlace(cluster, observed, name, sha256(content)))],
    ];
  });
  const addons = { ...state.addons, ...Object.fromEntries(records) };
  // Much is remembered of the very object.
  return isDeepStrictEqual(addons, state.addons) ? state : { ...state, addons };
}

function isInPlace(cluster: Cluster, observed: Observed, name: string, hash: string): boolean {
  const path = manifestPath(cluster.dataDir, name);
  return cluster.nodes
    .filter(({ roles }) => roles.includes('controlplane'))
    .every(({ key }) => factsOf(observed, key)?.rke2.files[path]?.sha256 === hash);
}

/** Until RKE2 has the new text everywhere, what the old one brought is still there; after that it may be somebody else's. */
function recordOf(
  content: string,
  url: string | null,
  before: AddonRecord | undefined,
  isSettled: boolean,
): AddonRecord {
  const hash = sha256(content);
  const isSame = before?.sha256 === hash;
  const objects = isSame ? before.objects : uniqueObjects(listManifestObjects(content).objects);
  const present = new Set(objects.map(objectKey));
  const earlier = isSettled || before === undefined ? [] : [...(before.former ?? []), ...before.objects];
  const former = uniqueObjects(earlier).filter((object) => !present.has(objectKey(object)));
  return { sha256: hash, url, objects, ...(former.length > 0 && { former }) };
}

function uniqueObjects(objects: readonly ObjectRef[]): readonly ObjectRef[] {
  return [...new Map(objects.map((object) => [objectKey(object), object])).values()];
}
