import { TimeoutError } from '../domain/errors.ts';
import type { ObjectRef } from '../domain/state.ts';
import { deleteObjects } from '../host/kubectl.ts';
import { addonObjectName } from '../render/manifests.ts';
import { deletionRank } from '../rke2/manifest-objects.ts';
import type { StepContext, StepHandler } from './step-handler.ts';

/** RKE2's own object of a manifest: without it a file of that name is applied as if it were new. */
const ADDON = { apiVersion: 'k3s.cattle.io/v1', kind: 'Addon', namespace: 'kube-system' } as const;

/**
 * Deletes the objects of a manifest that has left the file (RKE2 leaves them when the manifest goes), then what RKE2
 * knows of it, then our own record. May be run again: what is gone already is passed over.
 */
export const deleteAddon: StepHandler<'delete-addon'> = {
  title: ({ name }) => `delete ${name} from the cluster`,
  run: async ({ node, name, objects, forget }, context) => {
    if (node === null) throw new Error('delete-addon needs a node');
    const patienceMs = patience(objects, context);
    const deadline = Date.now() + patienceMs;
    const waves = [...deletionWaves(objects), [{ ...ADDON, name: addonObjectName(name) }]];
    for (const wave of waves) {
      const left = await deleteObjects(context.host(node.key), wave, {
        timeoutMs: Math.max(deadline - Date.now(), 0),
        dataDir: context.cluster.dataDir,
        signal: context.signal,
      });
      if (left.length > 0) throw stillThere(name, left, patienceMs);
    }
    if (!forget) return 'done';
    await context.learn((state) => {
      const { [name]: _gone, ...addons } = state.addons;
      return { ...state, addons };
    });
    return 'done';
  },
};

/** In which order objects go: by their ranks, of one rank the last one of the manifest first. */
export function deletionWaves(objects: readonly ObjectRef[]): readonly (readonly ObjectRef[])[] {
  return [0, 1, 2, 3]
    .map((wanted) => objects.filter((object) => deletionRank(object) === wanted).reverse())
    .filter((wave) => wave.length > 0);
}

/** Charts are uninstalled by a job of their own, for which an image may have to come first. */
function patience(objects: readonly ObjectRef[], { cluster, timeoutMs }: StepContext): number {
  const hasChart = objects.some(({ kind }) => kind === 'HelmChart');
  return hasChart ? Math.max(cluster.addonTimeoutMs, timeoutMs) : cluster.addonTimeoutMs;
}

function stillThere(name: string, left: readonly string[], patienceMs: number): TimeoutError {
  return new TimeoutError({
    code: 'addon-not-deleted',
    message: `${name} was taken out of the file, and after ${Math.round(patienceMs / 1000)} s this of it is still in the cluster: ${left.join(', ')}. Something holds it: a finalizer whose controller does not answer.`,
    hint: 'Look at the finalizers with `kubectl get … -o yaml`, then run `rke2ctl up` again; `addon_job_timeout` says how long it waits.',
  });
}
