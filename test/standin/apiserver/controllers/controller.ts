import type { ApiContext } from '../api-context.ts';
import { removeObject } from '../delete-object.ts';
import type { KubeObject, OwnerReference } from '../kube-object.ts';
import { prepareCreate, randomSuffix, settle } from '../prepare-object.ts';
import { apiVersionOf, builtin, type ResourceType } from '../resource-catalog.ts';
import { StatusError } from '../status-error.ts';
import { validateObject } from '../validation.ts';
import type { ClusterView } from './cluster-view.ts';

/** What a controller works with. `nowMs` never jumps; it is no time of day. */
export interface ControllerContext extends ApiContext {
  readonly view: ClusterView;
  readonly clusterCidr: string;
  readonly nowMs: () => number;
}

/** Looks at the cluster and brings it one step nearer to what it should be; called again after every change. */
export type Controller = (context: ControllerContext) => Promise<void>;

/** The kinds that controllers deal with. */
export const KINDS = {
  nodes: builtin('minions'),
  namespaces: builtin('namespaces'),
  pods: builtin('pods'),
  leases: builtin('leases'),
  deployments: builtin('deployments'),
  replicaSets: builtin('replicasets'),
  statefulSets: builtin('statefulsets'),
  daemonSets: builtin('daemonsets'),
  jobs: builtin('jobs'),
  budgets: builtin('poddisruptionbudgets'),
} as const;

function isRace(error: unknown): boolean {
  return error instanceof StatusError && (error.code === 404 || error.code === 409);
}

/** Changes an object as it is now; that it went meanwhile is no failure. */
export async function changeObject(
  context: ControllerContext,
  resource: ResourceType,
  seen: KubeObject,
  change: (current: KubeObject) => KubeObject,
): Promise<void> {
  const { name, namespace = '', uid } = seen.metadata;
  try {
    await context.store.update(resource, namespace, name, (current) =>
      settle(resource, current.metadata.uid === uid ? change(current) : current),
    );
  } catch (error) {
    if (!isRace(error)) throw error;
  }
}

/** Replaces an object's status when it differs. */
export async function changeStatus(
  context: ControllerContext,
  resource: ResourceType,
  seen: KubeObject,
  status: object,
): Promise<void> {
  if (JSON.stringify(seen['status']) === JSON.stringify(status)) return;
  await changeObject(context, resource, seen, (current) => ({ ...current, status }));
}

/** Deletes an object as a client would; that it is gone already is no failure. */
export async function dropObject(
  context: ControllerContext,
  resource: ResourceType,
  seen: KubeObject,
  gracePeriodSeconds?: number,
): Promise<void> {
  const { name, namespace = '', uid = '' } = seen.metadata;
  try {
    const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    await removeObject(context, resource, namespace, name, { uid, ...grace });
  } catch (error) {
    if (!isRace(error)) throw error;
  }
}

/** The owner's reference for what it controls. */
function controlledBy(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Makes an object that belongs to an owner, in the owner's namespace; the name gets a suffix unless it is given. */
export async function createOwned(
  context: ControllerContext,
  resource: ResourceType,
  owner: KubeObject,
  fields: {
    readonly name?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec: unknown;
  },
): Promise<void> {
  const { name: ownerName, namespace = '' } = owner.metadata;
  const object: KubeObject = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {
      name: fields.name ?? `${ownerName}-${randomSuffix()}`,
      generateName: `${ownerName}-`,
      namespace,
      labels: { ...fields.labels },
      ...(fields.annotations === undefined ? {} : { annotations: { ...fields.annotations } }),
      ownerReferences: [controlledBy(owner)],
    },
    spec: structuredClone(fields.spec),
  };
  try {
    const prepared = prepareCreate(resource, object);
    validateObject(resource, prepared);
    await context.store.create(resource, prepared);
  } catch (error) {
    if (!isRace(error)) throw error;
  }
}

/** What an owner controls, of one kind. */
export function ownedBy(
  context: ControllerContext,
  resource: ResourceType,
  owner: KubeObject,
): readonly KubeObject[] {
  const { uid } = owner.metadata;
  return context.view
    .list(resource)
    .filter((object) =>
      object.metadata.ownerReferences?.some((of) => of.controller === true && of.uid === uid),
    );
}

/** Objects of a kind that are not being deleted. */
export function living(context: ControllerContext, resource: ResourceType): readonly KubeObject[] {
  return context.view.list(resource).filter((object) => object.metadata.deletionTimestamp === undefined);
}
