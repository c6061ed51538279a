import type { Cluster } from '../domain/cluster.ts';
import type { AddonRecord, ObjectRef, State } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import type { Manifest } from '../render/manifests.ts';
import { listManifestObjects, objectKey } from '../rke2/manifest-objects.ts';

/** What happens to the objects of one manifest of which the file no longer names all. */
export interface AddonLoss {
  readonly name: string;
  /** True when the whole manifest has left the file: then we delete, otherwise RKE2 does when it sees the new text. */
  readonly whole: boolean;
  /** What goes, in the order of the manifest. */
  readonly objects: readonly ObjectRef[];
  /** Of a whole manifest: what would take things with it that the file still asks for. It is left in the cluster. */
  readonly stays: readonly ObjectRef[];
  /** Of a changed one: what another manifest brings from now on. */
  readonly moves: readonly { readonly object: ObjectRef; readonly to: string }[];
}

/** Kubernetes does not let go of the first three, and makes the last one anew. */
const LASTING_NAMESPACES = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** What the cluster loses by this file, against what the state says that it was given. */
export function addonLosses(
  { addons }: State,
  manifests: readonly Manifest[],
  { charts }: Pick<Cluster, 'charts'>,
): readonly AddonLoss[] {
  const wanted = new Map(manifests.map((manifest) => [manifest.name, objectsOf(manifest, addons)]));
  const owners = new Map<string, string>();
  for (const [name, objects] of wanted) for (const object of objects) owners.set(objectKey(object), name);
  const kept = [...wanted.values()].flat();
  const namespaces = new Set([...kept.map(({ namespace }) => namespace), ...charts.map((c) => c.namespace)]);
  const groups = new Set(kept.map(({ apiVersion }) => apiVersion.split('/')[0]));
  const isInUse = ({ kind, name }: ObjectRef) =>
    kind === 'Namespace'
      ? namespaces.has(name)
      : kind === 'CustomResourceDefinition' && groups.has(name.slice(name.indexOf('.') + 1));

  return Object.entries(addons).flatMap(([name, record]): AddonLoss[] => {
    const whole = !wanted.has(name);
    const own = new Set((wanted.get(name) ?? []).map(objectKey));
    const gone = [...record.objects, ...(record.former ?? [])].filter(
      (object) => !own.has(objectKey(object)) && !isLasting(object),
    );
    const unowned = gone.filter((object) => !owners.has(objectKey(object)));
    const moves = gone.flatMap((object) => {
      const to = owners.get(objectKey(object));
      return whole || to === undefined ? [] : [{ object, to }];
    });
    const stays = whole ? unowned.filter(isInUse) : [];
    const objects = unowned.filter((object) => !stays.includes(object));
    return whole || objects.length + moves.length > 0 ? [{ name, whole, objects, stays, moves }] : [];
  });
}

/** A text that is not known is taken for the one that the cluster has. */
function objectsOf({ name, content }: Manifest, addons: State['addons']): readonly ObjectRef[] {
  const record: AddonRecord | undefined = addons[name];
  if (content === null || record?.sha256 === sha256(content)) return record?.objects ?? [];
  return listManifestObjects(content).objects;
}

function isLasting({ kind, name }: ObjectRef): boolean {
  return kind === 'Namespace' && LASTING_NAMESPACES.has(name);
}
