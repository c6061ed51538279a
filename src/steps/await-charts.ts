import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectError, ConnectionLostError, RemoteCommandError, ServiceError } from '../domain/errors.ts';
import type { StepOf } from '../domain/plan.ts';
import {
  getChartJobs,
  getChartPods,
  getPodWords,
  type JobPod,
  unappliedPackages,
} from '../host/helm-charts.ts';
import type { Host } from '../host/host.ts';
import type { StepContext, StepHandler } from './step-handler.ts';
import { withControlPlane } from './with-control-plane.ts';

const POLL_MS = 1_000;
/** RKE2 replaces the Job of a changed chart a moment after it has applied the chart. */
const SETTLED_LOOKS = 3;
/** Charts that come with RKE2. */
const PACKAGED = /^(rke2|rancher|harvester)-/;

/** What is still to come. */
interface Outstanding {
  readonly words: string;
  readonly charts: readonly string[];
  readonly pods: readonly JobPod[];
}

/**
 * Waits until the node's RKE2 has applied its own manifests as they are in its version, and the Job of every HelmChart in
 * kube-system has completed. A Job that fails is waited for, too, since its next try may succeed; at the end the error
 * says what it wrote last. Charts that are none of RKE2's, and Jobs for which there is no node, do not hold up a cluster:
 * they are warnings.
 */
export const awaitCharts: StepHandler<'await-charts'> = {
  title: () => 'wait for the charts of RKE2',
  run: async (step, context) => {
    const deadline = Date.now() + context.timeoutMs;
    for (let looks = 0, settled = 0; ; looks += 1) {
      const left = await look(step, context);
      settled = left === null ? settled + 1 : 0;
      if (settled >= SETTLED_LOOKS) return looks < SETTLED_LOOKS ? 'unchanged' : 'done';
      if (left !== null) {
        if (isExcused(left)) return excuse(left, context);
        context.progress(left.words);
        if (Date.now() > deadline) throw await explain(step, left, context);
      }
      await sleep(POLL_MS, undefined, { signal: context.signal });
    }
  },
};

/** null when nothing is left to wait for. */
async function look(
  { node, via }: StepOf<'await-charts'>,
  context: StepContext,
): Promise<Outstanding | null> {
  const unapplied = node === null ? [] : await unappliedOn(node.key, context);
  if (unapplied.length > 0) {
    return { words: `RKE2 has yet to apply ${unapplied.join(', ')}`, charts: unapplied, pods: [] };
  }
  return withControlPlane(via, context, async (host) => {
    const jobs = await getChartJobs(host, callOptions(context));
    const open = jobs
      .filter(({ state }) => state === 'none' || state === 'running')
      .map(({ chart }) => chart);
    if (open.length === 0) return null;
    const pods = await getChartPods(host, open, callOptions(context));
    const words = `${jobs.length - open.length} of ${jobs.length} charts installed; ${open[0]} is not`;
    return { words, charts: open, pods };
  });
}

/** Its own manifests say best what its version brings; a server that is away for a moment says nothing. */
async function unappliedOn(key: string, context: StepContext): Promise<readonly string[]> {
  try {
    return await unappliedPackages(context.host(key), callOptions(context));
  } catch (error) {
    if (
      error instanceof ConnectError ||
      error instanceof ConnectionLostError ||
      error instanceof RemoteCommandError
    )
      return [];
    throw error;
  }
}

/** True when nothing is left but what does not hold up the cluster. */
function isExcused({ charts, pods }: Outstanding): boolean {
  return charts.every((chart) => {
    const own = pods.filter(({ job }) => job === chart);
    if (own.length === 0) return false;
    return own.every(({ unschedulable }) => unschedulable) || (!PACKAGED.test(chart) && hasFailed(own));
  });
}

function hasFailed(pods: readonly JobPod[]): boolean {
  return pods.some(({ failures }) => failures > 0);
}

function excuse({ charts, pods }: Outstanding, context: StepContext): 'done' {
  for (const chart of charts) {
    const isPending = pods.some(({ job, unschedulable }) => job === chart && unschedulable);
    context.reportFinding({
      severity: 'warning',
      code: 'chart-not-installed',
      message: isPending
        ? `The chart ${chart} waits for a node that takes its pod: all that there are keep it off with a taint, a cordon or a lack of room.`
        : `The chart ${chart}, which is none of RKE2's own, is not installed: its Job fails.`,
      hint: isPending
        ? 'It is installed by itself as soon as there is one, such as a worker.'
        : `\`kubectl -n kube-system logs job/helm-install-${chart}\` says why.`,
    });
  }
  return 'done';
}

async function explain(
  { via }: StepOf<'await-charts'>,
  { charts, pods, words }: Outstanding,
  context: StepContext,
): Promise<ServiceError> {
  const failing = pods.find(({ failures }) => failures > 0);
  const lines = failing === undefined ? [] : await wordsOf(failing, via, context);
  const seconds = Math.round(context.timeoutMs / 1000);
  const chart = failing?.job ?? charts[0] ?? '';
  return new ServiceError({
    code: 'charts-not-installed',
    message:
      failing === undefined
        ? `After ${seconds} s not every chart of RKE2 is installed: ${words}.`
        : `After ${seconds} s the chart ${chart} is not installed: the pod ${failing.pod} of its Job helm-install-${chart} has failed ${failing.failures} ${failing.failures === 1 ? 'time' : 'times'}.`,
    hint: `See \`kubectl -n kube-system describe job helm-install-${chart}\`; the Job goes on trying. Once it has completed, run the same command again.`,
    lastWords: lines,
  });
}

function wordsOf(pod: JobPod, via: readonly string[], context: StepContext): Promise<readonly string[]> {
  const read = (host: Host) => getPodWords(host, pod.pod, callOptions(context));
  return withControlPlane(via, context, read).catch(() => []);
}

function callOptions({ cluster, signal }: StepContext) {
  return { dataDir: cluster.dataDir, signal };
}
