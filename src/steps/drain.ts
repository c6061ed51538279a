import { TimeoutError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import { type HoldingBudget, holdingBudgets } from '../host/disruption-budgets.ts';
import { type DrainReport, drainNode } from '../host/drain-node.ts';
import type { Host } from '../host/host.ts';
import { cordonNode, getNode, type NodeObject } from '../host/node-object.ts';
import type { StepContext, StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

/**
 * Cordons a Node, says on it that we did (unless somebody else had done so before), and evicts its pods as the file's
 * `node_drain_input` says. What holds it is named: pods, and the PodDisruptionBudgets over them. A Node whose kubelet has
 * fallen silent is not waited for beyond its pods' grace, and what stays there is only a warning: nobody can end it.
 */
export const drain: StepHandler<'drain'> = {
  title: () => 'drain',
  run: async (step, context) => {
    const { node, via } = step;
    if (node === null) throw new Error('drain needs a node');
    return withControlPlane(via, context, async (host) => {
      const found = await getNode(host, node.name, callOptions(context));
      if (found === null) return 'unchanged';
      const isOurs = found.drainedByUs || !found.unschedulable;
      const isMarked = found.unschedulable && found.drainedByUs;
      if (!isMarked) {
        const mark = isOurs ? context.state().clusterId : null;
        await cordonNode(host, node.name, mark, callOptions(context));
      }
      const report = await evict(host, step, found, context);
      if (!report.drained) await judge(host, step, found, report, context);
      return isMarked && report.evicted === 0 ? 'unchanged' : 'done';
    });
  },
};

function evict(
  host: Host,
  { node, input }: StepOf<'drain'>,
  found: NodeObject,
  context: StepContext,
): Promise<DrainReport> {
  const forEver = found.silent && input.timeoutSeconds === 0;
  return drainNode(host, node?.name ?? '', {
    ...input,
    timeoutSeconds: forEver ? Math.ceil(context.timeoutMs / 1000) : input.timeoutSeconds,
    skipSilent: !found.ready,
    onProgress: (words) => context.progress(words),
    ...callOptions(context),
  });
}

/** Throws for a Node that is not empty, and only warns where its kubelet is silent. */
async function judge(
  host: Host,
  { node, input }: StepOf<'drain'>,
  found: NodeObject,
  report: DrainReport,
  context: StepContext,
): Promise<void> {
  if (node === null) return;
  const budgets = await holdingBudgets(host, report.refused, callOptions(context)).catch(() => []);
  const lines = complaints(report, budgets);
  if (found.silent) {
    context.reportFinding({
      severity: 'warning',
      code: 'drain-incomplete',
      message: `${node.name} tells nothing any more, so these pods could not be seen to end there: ${lines.join('; ')}.`,
      hint: 'They are gone for good only when that machine is off. Kubernetes starts them elsewhere once the Node is deleted.',
    });
    return;
  }
  throw new TimeoutError({
    code: report.refused.length > 0 ? 'drain-held' : 'drain-incomplete',
    message: [
      `${node.name} could not be drained${within(report, input.timeoutSeconds)}:`,
      ...lines.map((line) => `  ${line}`),
    ].join('\n'),
    hint: `${advice(report, budgets)} Then run \`rke2ctl up\` again. Until then ${node.name} stays cordoned; \`kubectl uncordon ${node.name}\` lets pods back.`,
  });
}

function within({ untouched }: DrainReport, timeoutSeconds: number): string {
  return untouched.length > 0 || timeoutSeconds === 0 ? '' : ` within ${timeoutSeconds} s`;
}

/** kubectl's options in the file's words. */
const KEYS: Readonly<Record<string, string>> = {
  '--force': 'force',
  '--ignore-daemonsets': 'ignore_daemonsets',
  '--delete-emptydir-data': 'delete_local_data',
  '--delete-local-data': 'delete_local_data',
};

const WHY: Readonly<Record<string, string>> = {
  force: 'belong to no controller and would be gone for good',
  ignore_daemonsets: 'belong to a DaemonSet',
  delete_local_data: 'keep data in an emptyDir, which would be lost',
};

function complaints(report: DrainReport, budgets: readonly HoldingBudget[]): readonly string[] {
  const covered = (namespace: string, name: string) =>
    budgets.some((budget) => budget.namespace === namespace && budget.pods.includes(name));
  const lines = [
    ...budgets.map(
      ({ namespace, name, pods, healthy, needed }) =>
        `${pods.map((pod) => `${namespace}/${pod}`).join(', ')} may not be evicted: the PodDisruptionBudget ${namespace}/${name} needs ${needed} healthy pods and has ${healthy}`,
    ),
    ...report.refused
      .filter(({ namespace, name }) => !covered(namespace, name))
      .map(({ namespace, name, reason }) => `${namespace}/${name} may not be evicted: ${reason}`),
    ...(report.going.length === 0
      ? []
      : [
          `${report.going.map(({ namespace, name }) => `${namespace}/${name}`).join(', ')} had not ended yet`,
        ]),
    ...report.untouched.map(({ option, pods }) => `${pods} ${WHY[KEYS[option] ?? ''] ?? `need ${option}`}`),
  ];
  return lines.length > 0 ? lines : report.stderr.trim().split('\n').slice(-3);
}

function advice(report: DrainReport, budgets: readonly HoldingBudget[]): string {
  const keys = report.untouched.map(({ option }) => KEYS[option] ?? option);
  if (keys.length > 0) {
    return `Move those pods away, or set \`${keys.join('` and `')}\` under \`upgrade_strategy.node_drain_input\`.`;
  }
  if (budgets.length > 0) {
    return 'Run more replicas than the budget needs, or let it need fewer.';
  }
  return 'See why those pods do not end, or give them longer with `upgrade_strategy.node_drain_input.timeout`.';
}

function callOptions({ cluster, signal }: StepContext) {
  return { dataDir: cluster.dataDir, signal };
}
