import { computeBudget } from '../disruption-budget.ts';
import { RESOURCES } from '../resource-catalog.ts';
import { type Controller, changeObject, changeStatus, dropObject, KINDS, living } from './controller.ts';

/** Deletes what belongs to owners that are all gone. */
export const collectGarbage: Controller = async (context) => {
  const listed = RESOURCES.map((resource) => ({ resource, objects: context.view.list(resource) }));
  const uids = new Set(listed.flatMap(({ objects }) => objects.map((object) => object.metadata.uid)));
  for (const { resource, objects } of listed) {
    for (const object of objects) {
      const owners = object.metadata.ownerReferences ?? [];
      const isOrphan = owners.length > 0 && owners.every((owner) => !uids.has(owner.uid));
      if (isOrphan && object.metadata.deletionTimestamp === undefined)
        await dropObject(context, resource, object);
    }
  }
};

/** Empties Namespaces that are being deleted and lets them go when nothing is left in them. */
export const emptyNamespaces: Controller = async (context) => {
  for (const namespace of context.view.list(KINDS.namespaces)) {
    if (namespace.metadata.deletionTimestamp === undefined) continue;
    const { name } = namespace.metadata;
    const contents = RESOURCES.filter((resource) => resource.namespaced).flatMap((resource) =>
      context.view
        .list(resource)
        .filter((object) => object.metadata.namespace === name)
        .map((object) => ({ resource, object })),
    );
    for (const { resource, object } of contents) await dropObject(context, resource, object, 0);
    if (contents.length > 0) continue;
    await changeObject(context, KINDS.namespaces, namespace, (current) => ({
      ...current,
      spec: { finalizers: [] },
    }));
  }
};

/** Keeps the status of PodDisruptionBudgets, for people to see; evictions count for themselves. */
export const reportBudgets: Controller = async (context) => {
  const pods = context.view.list(KINDS.pods);
  const owners = [...context.view.list(KINDS.replicaSets), ...context.view.list(KINDS.statefulSets)];
  for (const budget of living(context, KINDS.budgets)) {
    await changeStatus(context, KINDS.budgets, budget, computeBudget(budget, pods, owners));
  }
};
