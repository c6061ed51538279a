import { setTimeout as sleep } from 'node:timers/promises';
import type { Taint } from '../domain/cluster.ts';
import { TimeoutError } from '../domain/errors.ts';
import type { ApiNode } from '../domain/observed.ts';
import type { PlannedNode, StepOf } from '../domain/plan.ts';
import { getNode, labelNode as label, taintNode } from '../host/node-object.ts';
import type { StepContext, StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

const POLL_MS = 1_000;

/**
 * Sets and takes away labels and taints of a Node through the API, and remembers which of them are ours. Only what
 * differs is sent. Waits for a Node that has not registered yet.
 */
export const labelNode: StepHandler<'label-node'> = {
  title: ({ labels, taints }) => {
    const changesLabels = Object.keys(labels.set).length + labels.remove.length > 0;
    const changesTaints = taints.set.length + taints.remove.length > 0;
    return changesLabels && changesTaints ? 'label and taint' : changesTaints ? 'taint' : 'label';
  },
  run: async (step, context) => {
    const { node, via } = step;
    if (node === null) throw new Error('label-node needs a node');
    const options = { dataDir: context.cluster.dataDir, signal: context.signal };
    const deadline = Date.now() + context.timeoutMs;
    for (;;) {
      const changed = await withControlPlane(via, context, async (host) => {
        const found = await getNode(host, node.name, options);
        if (found === null) return null;
        const labels = labelWords(step, found);
        const taints = taintWords(step, found);
        if (labels.length > 0) await label(host, node.name, labels, options);
        if (taints.length > 0) await taintNode(host, node.name, taints, options);
        return labels.length + taints.length > 0;
      });
      if (changed !== null) {
        await learnOurs(step, node, context);
        return changed ? 'done' : 'unchanged';
      }
      if (Date.now() > deadline) throw notRegistered(node.name, context.timeoutMs);
      context.progress(`waits until ${node.name} has registered`);
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

function labelWords({ labels }: StepOf<'label-node'>, found: ApiNode): readonly string[] {
  return [
    ...Object.entries(labels.set).flatMap(([key, value]) =>
      found.labels[key] === value ? [] : [`${key}=${value}`],
    ),
    ...labels.remove.flatMap((key) => (found.labels[key] === undefined ? [] : [`${key}-`])),
  ];
}

function taintWords({ taints }: StepOf<'label-node'>, found: ApiNode): readonly string[] {
  const same = (a: { key: string; effect: string }, b: { key: string; effect: string }) =>
    a.key === b.key && a.effect === b.effect;
  return [
    ...taints.set.flatMap((taint) =>
      found.taints.some((present) => same(present, taint) && present.value === taint.value)
        ? []
        : [`${taint.key}${taint.value === '' ? '' : `=${taint.value}`}:${taint.effect}`],
    ),
    ...taints.remove.flatMap((taint) =>
      found.taints.some((present) => same(present, taint)) ? [`${taint.key}:${taint.effect}-`] : [],
    ),
  ];
}

/** Keys that were ours and stay, and those that this step has set. */
async function learnOurs(
  { labels, taints }: StepOf<'label-node'>,
  { id }: PlannedNode,
  context: StepContext,
): Promise<void> {
  const taintKey = ({ key, effect }: Taint) => `${key}:${effect}`;
  await context.learn((state) => {
    const record = state.nodes[id];
    if (record === undefined) return state;
    const ours = {
      labels: merge(record.labels, Object.keys(labels.set), labels.remove),
      taints: merge(record.taints, taints.set.map(taintKey), taints.remove.map(taintKey)),
    };
    return { ...state, nodes: { ...state.nodes, [id]: { ...record, ...ours } } };
  });
}

function merge(
  before: readonly string[] | undefined,
  added: readonly string[],
  removed: readonly string[],
): readonly string[] {
  const kept = (before ?? []).filter((key) => !removed.includes(key));
  return [...new Set([...kept, ...added])].sort();
}

function notRegistered(name: string, timeoutMs: number): TimeoutError {
  return new TimeoutError({
    code: 'node-not-registered',
    message: `${name} cannot be labelled: after ${Math.round(timeoutMs / 1000)} s the API has no Node of that name.`,
    hint: 'Its service must register it first: look at the journal of RKE2 on that host, then run `rke2ctl up` again.',
  });
}
