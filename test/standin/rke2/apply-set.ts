import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { isConflict, isNotFound, KubeError } from './kube-client.ts';

const HASH = 'objectset.rio.cattle.io/hash';
const APPLIED = 'objectset.rio.cattle.io/applied';

/** Whose objects these are: the AddOn that a manifest file became. */
export interface SetOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A kind as RKE2 notes it: `apps/v1, Kind=Deployment`. */
export type GroupVersionKind = string;

interface Kind {
  readonly collection: (namespace: string | undefined) => string;
  readonly everywhere: string;
  readonly namespaced: boolean;
}

/**
 * Makes the cluster hold exactly these objects of the owner's: creates what is missing, patches what differs, deletes what
 * carries the owner's label and is not among them, as far as its kind is among theirs or in `before`.
 */
export async function applySet(
  kube: KubeClient,
  owner: SetOwner,
  objects: readonly KubeObject[],
  before: readonly GroupVersionKind[],
): Promise<void> {
  const kinds = openKinds(kube);
  const kept = new Set<string>();
  for (const object of objects) {
    const kind = await kinds(gvkOf(object));
    if (kind === undefined) {
      throw new KubeError(404, `no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
    }
    const namespace = kind.namespaced ? (object.metadata?.namespace ?? 'default') : undefined;
    const path = `${kind.collection(namespace)}/${object.metadata?.name}`;
    await applyObject(
      kube,
      { collection: kind.collection(namespace), path },
      decorate(object, owner, namespace),
    );
    kept.add(path);
  }
  const known = new Set([...objects.map(gvkOf), ...before.filter((gvk) => gvk !== '')]);
  for (const gvk of known) {
    const kind = await kinds(gvk);
    if (kind !== undefined) await prune(kube, kind, { hash: hashOf(owner), kept });
  }
}

export function gvkOf({ apiVersion = '', kind = '' }: KubeObject): GroupVersionKind {
  if (apiVersion === '' || kind === '') throw new KubeError(400, "Object 'Kind' is missing");
  return `${apiVersion}, Kind=${kind}`;
}

/** Looks kinds up where kubectl does, in the API server's discovery; undefined for what it does not serve. */
function openKinds(kube: KubeClient): (gvk: GroupVersionKind) => Promise<Kind | undefined> {
  const lists = new Map<string, readonly Resource[]>();
  return async (gvk) => {
    const [apiVersion = '', kind = ''] = gvk.split(', Kind=');
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const served =
      lists.get(base) ?? (await kube.get<{ resources?: Resource[] }>(base).catch(nothing)).resources;
    lists.set(base, served ?? []);
    const found = served?.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (found === undefined) return undefined;
    return {
      namespaced: found.namespaced,
      everywhere: `${base}/${found.name}`,
      collection: (namespace) =>
        namespace === undefined ? `${base}/${found.name}` : `${base}/namespaces/${namespace}/${found.name}`,
    };
  };
}

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

function nothing(error: unknown): { resources?: Resource[] } {
  if (isNotFound(error)) return {};
  throw error;
}

async function applyObject(
  kube: KubeClient,
  { collection, path }: { readonly collection: string; readonly path: string },
  wanted: KubeObject,
): Promise<void> {
  const present = await kube.get(path).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (present === undefined) {
    await kube.create(collection, wanted).catch((failure: unknown) => {
      if (!isConflict(failure)) throw failure;
    });
    return;
  }
  await kube.patch(path, threeWayPatch(lastApplied(present), wanted as Record<string, unknown>));
}

async function prune(
  kube: KubeClient,
  kind: Kind,
  { hash, kept }: { readonly hash: string; readonly kept: ReadonlySet<string> },
): Promise<void> {
  const query = `?labelSelector=${encodeURIComponent(`${HASH}=${hash}`)}`;
  for (const object of await kube.list<KubeObject>(kind.everywhere + query)) {
    const path = `${kind.collection(kind.namespaced ? object.metadata?.namespace : undefined)}/${object.metadata?.name}`;
    if (kept.has(path)) continue;
    await kube.remove(path).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

/** The object with the owner's label and annotations, the object itself among them. */
function decorate(object: KubeObject, owner: SetOwner, namespace: string | undefined): KubeObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata?.labels, [HASH]: hashOf(owner) },
      annotations: {
        ...metadata?.annotations,
        [APPLIED]: gzipSync(JSON.stringify(object)).toString('base64'),
        'objectset.rio.cattle.io/id': '',
        'objectset.rio.cattle.io/owner-gvk': `${owner.apiVersion}, Kind=${owner.kind}`,
        'objectset.rio.cattle.io/owner-name': owner.name,
        'objectset.rio.cattle.io/owner-namespace': owner.namespace,
      },
    },
  };
}

function hashOf({ apiVersion, kind, namespace, name }: SetOwner): string {
  return createHash('sha1').update(`${apiVersion}/${kind}/${namespace}/${name}`).digest('hex');
}

function lastApplied(present: KubeObject): Record<string, unknown> {
  const packed = present.metadata?.annotations?.[APPLIED];
  if (packed === undefined) return {};
  return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as Record<string, unknown>;
}

/** A JSON merge patch to `wanted` that also takes away what was applied before and is wanted no more. */
function threeWayPatch(
  before: Record<string, unknown>,
  wanted: Record<string, unknown>,
): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (!(key in wanted)) patch[key] = null;
  for (const [key, value] of Object.entries(wanted)) {
    const old = before[key];
    patch[key] = isMap(value) ? threeWayPatch(isMap(old) ? old : {}, value) : value;
  }
  return patch;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
