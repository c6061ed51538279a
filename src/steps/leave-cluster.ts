import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteCommandError, ServiceError, TimeoutError } from '../domain/errors.ts';
import type { EtcdMember } from '../domain/observed.ts';
import type { PlannedNode, StepOf } from '../domain/plan.ts';
import { removeMember } from '../host/etcd.ts';
import { deleteNode, getNode, type NodeObject, setFinalizers } from '../host/node-object.ts';
import {
  assertMajorityWithout,
  lastMember,
  type Membership,
  membersOf,
  readMembership,
} from './etcd-membership.ts';
import type { StepContext, StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

const POLL_MS = 500;
/** RKE2's controller removes a member within seconds of its Node's deletion, or, with its host dead, perhaps never. */
const CONTROLLER_PATIENCE_MS = 20_000;
/** RKE2's own finalizer on the Nodes of etcd servers, and nobody else's. */
const ETCD_FINALIZER = /managed-etcd/;

/** What is left of a node in its cluster. */
interface Traces {
  readonly object: NodeObject | null;
  readonly membership: Membership | null;
  readonly leaving: readonly EtcdMember[];
}

/**
 * Deletes a Node and ends when etcd has no member of it any more. RKE2's controller removes the member when the Node is
 * deleted; what it has not done after a while is done here. Before anything it is made sure that etcd keeps a majority
 * of living members. Then the state forgets that the node bootstrapped the cluster, and with `forget` the node.
 */
export const leaveCluster: StepHandler<'leave-cluster'> = {
  title: ({ members }) => (members.length === 0 ? 'delete the Node' : 'leave etcd and delete the Node'),
  run: async (step, context) => {
    const { node } = step;
    if (node === null) throw new Error('leave-cluster needs a node');
    const before = await look(step, node, context);
    assertSafe(before, node);
    const wasThere = before.object !== null || before.leaving.length > 0;
    if (before.object !== null && !before.object.deleting) {
      context.progress(`deletes the Node ${node.name}`);
      await withControlPlane(step.via, context, (host) => deleteNode(host, node.name, callOptions(context)));
    }
    if (wasThere) await waitUntilGone(step, node, context);
    const learned = await learnLeft(step, node, context);
    return wasThere || learned ? 'done' : 'unchanged';
  },
};

async function look(
  { via, members }: StepOf<'leave-cluster'>,
  node: PlannedNode,
  context: StepContext,
): Promise<Traces> {
  const membership = members.length === 0 ? null : await readMembership(members, context);
  const object = await withControlPlane(via, context, (host) =>
    getNode(host, node.name, callOptions(context)),
  );
  return { object, membership, leaving: membersOf(node, membership?.members ?? []) };
}

/** A Node that bears etcd's role must have somebody to leave etcd to. */
function assertSafe({ object, membership, leaving }: Traces, node: PlannedNode): void {
  if (membership !== null) assertMajorityWithout(leaving, membership, node.name);
  else if (object?.roles.includes('etcd')) throw lastMember(node.name);
}

async function waitUntilGone(
  step: StepOf<'leave-cluster'>,
  node: PlannedNode,
  context: StepContext,
): Promise<void> {
  const began = Date.now();
  for (;;) {
    const traces = await look(step, node, context).catch((error: unknown) => {
      // Whoever is asked may be changing its leader: that is the very thing that goes on.
      if (!(error instanceof RemoteCommandError) || Date.now() - began > context.timeoutMs) throw error;
      return null;
    });
    if (traces !== null) {
      if (traces.object === null && traces.leaving.length === 0) return;
      if (Date.now() - began > context.timeoutMs) throw stillThere(node, traces, context.timeoutMs);
      await helpAlong(traces, Date.now() - began, step, node, context);
    }
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

/** With its Node gone nobody removes a member any more; with the Node there, RKE2's controller gets its time. */
async function helpAlong(
  traces: Traces,
  waitedMs: number,
  { via }: StepOf<'leave-cluster'>,
  node: PlannedNode,
  context: StepContext,
): Promise<void> {
  const { object, membership, leaving } = traces;
  const isLate = waitedMs > Math.min(CONTROLLER_PATIENCE_MS, context.timeoutMs / 2);
  if (leaving.length > 0 && membership !== null) {
    if (object !== null && !isLate) {
      context.progress(`waits until RKE2 has taken ${node.name} out of etcd`);
      return;
    }
    assertSafe(traces, node);
    for (const member of leaving) {
      context.progress(`takes member ${member.name || member.id} out of etcd`);
      await removeMember(membership.teller, member.id, callOptions(context));
    }
    return;
  }
  if (object === null) return;
  context.progress(`waits until the Node ${node.name} is gone`);
  const others = object.finalizers.filter((finalizer) => !ETCD_FINALIZER.test(finalizer));
  if (!isLate || others.length === object.finalizers.length) return;
  await withControlPlane(via, context, (host) =>
    setFinalizers(host, node.name, others, callOptions(context)),
  ).catch((error: unknown) => {
    // It may have gone in this very moment; the next look tells.
    if (!(error instanceof RemoteCommandError)) throw error;
  });
}

/** True when the state said otherwise before. */
async function learnLeft(
  { forget }: StepOf<'leave-cluster'>,
  { id }: PlannedNode,
  context: StepContext,
): Promise<boolean> {
  const { bootstrapNodeId, nodes } = context.state();
  const forgets = forget && nodes[id] !== undefined;
  if (bootstrapNodeId !== id && !forgets) return false;
  await context.learn((state) => {
    const { [id]: _gone, ...others } = state.nodes;
    return {
      ...state,
      bootstrapNodeId: state.bootstrapNodeId === id ? null : state.bootstrapNodeId,
      nodes: forget ? others : state.nodes,
    };
  });
  return true;
}

function stillThere({ name }: PlannedNode, { object, leaving }: Traces, timeoutMs: number): Error {
  const seconds = Math.round(timeoutMs / 1000);
  if (leaving.length > 0) {
    return new ServiceError({
      code: 'member-not-removed',
      message: `After ${seconds} s etcd still has ${leaving.map((member) => member.name || member.id).join(', ')}.`,
      hint: 'See `rke2ctl status` and the journal of rke2-server on the servers that stay; then run the same command again.',
      lastWords: [],
    });
  }
  return new TimeoutError({
    code: 'node-not-deleted',
    message: `The Node ${name} was deleted, but after ${seconds} s something still holds it: ${object?.finalizers.join(', ') || 'no finalizer is named'}.`,
    hint: `Its finalizers belong to a controller that does not answer. Mend that one, or take them away with \`kubectl edit node ${name}\`; then run the same command again.`,
  });
}

function callOptions({ cluster, signal }: StepContext) {
  return { dataDir: cluster.dataDir, signal };
}
