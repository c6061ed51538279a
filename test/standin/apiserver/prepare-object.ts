import { randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from './json-path.ts';
import { applyKindDefaults } from './kind-defaults.ts';
import { formatTimestamp, type KubeObject, type ObjectMeta } from './kube-object.ts';
import type { Decision } from './object-store.ts';
import type { ResourcePath } from './request-info.ts';
import { apiVersionOf, builtin, type ResourceType } from './resource-catalog.ts';
import { badRequest, conflict } from './status-error.ts';

/** Five characters as `generateName` appends them: no vowels, so that no words come out. */
export function randomSuffix(length = 5): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

/** Reads a request's body as the object of a path: right kind, right namespace, metadata there. Throws 400 else. */
export function readObject(path: ResourcePath, body: unknown): KubeObject {
  const { resource, version, namespace } = path;
  if (!isRecord(body)) throw badRequest('the object provided is unrecognized (must be of type object)');
  const apiVersion = apiVersionOf(resource, version);
  const metadata = isRecord(body['metadata']) ? (body['metadata'] as unknown as ObjectMeta) : { name: '' };
  const kind = body['kind'] ?? resource.kind;
  const sentVersion = body['apiVersion'] ?? apiVersion;
  if (kind !== resource.kind || sentVersion !== apiVersion) {
    const sent = `${String(sentVersion)}, Kind=${String(kind)}`;
    throw badRequest(`${sent} in the data does not match the expected ${apiVersion}, Kind=${resource.kind}`);
  }
  if (resource.namespaced && (metadata.namespace ?? namespace) !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const object: KubeObject = { ...body, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
  return { ...object, metadata: { ...metadata, ...(resource.namespaced ? { namespace } : {}) } };
}

/** Fills in what the server gives to a new object: name, uid, times, and the defaults of its kind. */
export function prepareCreate(resource: ResourceType, object: KubeObject, now = new Date()): KubeObject {
  if ((object.metadata.resourceVersion ?? '') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const {
    deletionTimestamp: _,
    deletionGracePeriodSeconds: __,
    resourceVersion: ___,
    ...sent
  } = object.metadata;
  const metadata: ObjectMeta = { ...sent, name: sent.name ?? '' };
  if (metadata.name === '' && metadata.generateName !== undefined && metadata.generateName !== '') {
    metadata.name = metadata.generateName + randomSuffix();
  }
  metadata.uid = randomUUID();
  metadata.creationTimestamp = formatTimestamp(now);
  const created: KubeObject = { ...object, metadata };
  if (isRecord(object['spec']) && resource.kind !== 'Node') metadata.generation = 1;
  // Kubelets post the first status together with the Node; no other kind may bring one.
  if (resource.subresources.includes('status') && resource.kind !== 'Node') delete created['status'];
  return applyKindDefaults(resource, created);
}

function keepStatus(current: KubeObject, next: KubeObject): KubeObject {
  const { status: _, ...rest } = next;
  const status = current['status'];
  return { ...rest, ...(status === undefined ? {} : { status }) } as KubeObject;
}

/** What a write to the object or to its status may change; the server's own metadata stays as it was. */
export function prepareUpdate(
  resource: ResourceType,
  current: KubeObject,
  sent: KubeObject,
  subresource: string,
): KubeObject {
  const { uid } = sent.metadata;
  if (uid !== undefined && uid !== '' && uid !== current.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.metadata.uid}`;
    throw conflict(resource, current.metadata.name, why);
  }
  const kept: ObjectMeta = { ...sent.metadata, name: current.metadata.name };
  for (const field of SERVER_FIELDS) {
    delete kept[field];
    if (current.metadata[field] !== undefined) Object.assign(kept, { [field]: current.metadata[field] });
  }
  if (subresource === 'status') return { ...current, metadata: kept, status: sent['status'] };
  if (subresource === 'finalize') return { ...current, spec: sent['spec'] };
  const hasStatus = resource.subresources.includes('status');
  const next = hasStatus ? keepStatus(current, { ...sent, metadata: kept }) : { ...sent, metadata: kept };
  const defaulted = applyKindDefaults(resource, next);
  if (kept.generation !== undefined && !isDeepStrictEqual(defaulted['spec'], current['spec'])) {
    defaulted.metadata.generation = kept.generation + 1;
  }
  return defaulted;
}

const SERVER_FIELDS = [
  'uid',
  'namespace',
  'generateName',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'resourceVersion',
] as const;

function isFinal(resource: ResourceType, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  if (resource.kind === 'Pod') return (deletionGracePeriodSeconds ?? 0) === 0;
  const spec = object['spec'];
  const held = resource.kind === 'Namespace' && isRecord(spec) ? spec['finalizers'] : undefined;
  return !Array.isArray(held) || held.length === 0;
}

/** An object that is being deleted goes as soon as no finalizer (and no grace period) holds it. */
export function settle(resource: ResourceType, next: KubeObject): Decision {
  return isFinal(resource, next) ? removal(resource, next) : { next };
}

/**
 * The removal of an object and of what goes in the same breath: with a Node goes the Secret that binds its name to one
 * machine's password, so that the name can be used again.
 */
export function removal(resource: ResourceType, object: KubeObject): Decision {
  if (resource.kind !== 'Node') return { remove: true, last: object };
  const secret = `/registry/${builtin('secrets').storage}/kube-system/${object.metadata.name}.node-password.rke2`;
  return { remove: true, last: object, alsoKeys: [secret] };
}
