import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import type { Host } from '../host/host.ts';
import { deleteObjects, getNodes } from '../host/kubectl.ts';
import { deleteNode, getNode, setFinalizers } from '../host/node-object.ts';
import type { StepContext, StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

const POLL_MS = 500;
/** RKE2's own controller gets this long to let a Node go before its finalizer is taken away. */
const CONTROLLER_PATIENCE_MS = 5_000;
/** RKE2's own finalizer on the Nodes of etcd servers, and nobody else's. */
const ETCD_FINALIZER = /managed-etcd/;

/**
 * Deletes Nodes of machines that are not in the cluster any more: a restored database knows the machines of its time.
 * Also the passwords by which RKE2 knows a name's machine: since then another may have taken it, and every node that
 * comes back leaves its own anew. RKE2 itself forgets that of the server that was reset. Ends when they are gone.
 */
export const pruneNodes: StepHandler<'prune-nodes'> = {
  title: () => 'delete Nodes of machines that are gone',
  run: async (step, context) => {
    const pruned = await withControlPlane(step.via, context, (host) => prune(host, step, context));
    return pruned > 0 ? 'done' : 'unchanged';
  },
};

async function prune(
  host: Host,
  { node: first, keep, fresh }: StepOf<'prune-nodes'>,
  context: StepContext,
): Promise<number> {
  const options = { dataDir: context.cluster.dataDir, signal: context.signal };
  const known = (await getNodes(host, options)).map(({ name }) => name);
  const gone = known.filter((name) => !keep.includes(name));
  for (const name of gone) {
    context.progress(`deletes the Node ${name}`);
    await deleteNode(host, name, options);
  }
  const deadline = Date.now() + context.timeoutMs;
  for (const name of gone) await waitUntilGone(host, name, deadline, context);
  // Deleting a Node takes its password away with it, but only where the controller saw the Node.
  const names = [...new Set([...known, ...fresh])].filter((name) => name !== first?.name);
  const passwords = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: 'kube-system',
    name: `${name}.node-password.rke2`,
  }));
  await deleteObjects(host, passwords, { ...options, timeoutMs: context.timeoutMs });
  return gone.length;
}

async function waitUntilGone(
  host: Host,
  name: string,
  deadline: number,
  context: StepContext,
): Promise<void> {
  const options = { dataDir: context.cluster.dataDir, signal: context.signal };
  const began = Date.now();
  for (;;) {
    const node = await getNode(host, name, options);
    if (node === null) return;
    const others = node.finalizers.filter((finalizer) => !ETCD_FINALIZER.test(finalizer));
    const isLate = Date.now() - began > CONTROLLER_PATIENCE_MS;
    // etcd is new and has no such member: there is nothing that the controller could still do.
    if (isLate && others.length < node.finalizers.length) await setFinalizers(host, name, others, options);
    if (Date.now() > deadline) throw stuck(name, others);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

function stuck(name: string, finalizers: readonly string[]): TimeoutError {
  return new TimeoutError({
    code: 'node-not-deleted',
    message: `The Node ${name} was deleted, but something still holds it: ${finalizers.join(', ') || 'no finalizer is named'}.`,
    hint: `Its finalizers belong to a controller that does not answer. Take them away with \`kubectl edit node ${name}\`; then run the same command again.`,
  });
}
