import { performance } from 'node:perf_hooks';
import type { ApiContext } from '../api-context.ts';
import type { EtcdClient } from '../etcd-client.ts';
import { ClusterView } from './cluster-view.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { reconcileDaemonSets } from './daemon-sets.ts';
import { takeTurns } from './etcd-session.ts';
import { collectGarbage, emptyNamespaces, reportBudgets } from './garbage.ts';
import { reconcileHelmCharts } from './helm-charts.ts';
import { reconcileJobs } from './jobs.ts';
import { makeNodeLifecycle } from './node-lifecycle.ts';
import { evictFromTaintedNodes, makePodLifecycle } from './pod-lifecycle.ts';
import { reconcileDeployments, reconcileReplicaSets } from './replica-workloads.ts';
import { schedulePods } from './scheduler.ts';

const PASS_INTERVAL_MS = 1_000;
const COMPACTION_INTERVAL_MS = 300_000;

function makeControllers(): ReadonlyMap<string, Controller> {
  return new Map<string, Controller>([
    ['node-lifecycle', makeNodeLifecycle()],
    ['namespaces', emptyNamespaces],
    ['garbage', collectGarbage],
    ['deployments', reconcileDeployments],
    ['replicasets', reconcileReplicaSets],
    ['daemonsets', reconcileDaemonSets],
    ['helm-charts', reconcileHelmCharts],
    ['jobs', reconcileJobs],
    ['scheduler', schedulePods],
    ['pods', makePodLifecycle()],
    ['taint-eviction', evictFromTaintedNodes],
    ['budgets', reportBudgets],
  ]);
}

async function runPass(
  controllers: ReadonlyMap<string, Controller>,
  context: ControllerContext,
): Promise<void> {
  for (const [name, reconcile] of controllers) {
    try {
      await reconcile(context);
    } catch (error) {
      process.stderr.write(`W ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    // A controller that does not see its own writes would do them twice.
    await context.view.catchUp(context.store.lastWrite, 2_000);
  }
}

/** etcd keeps five minutes of history, as with Kubernetes. */
function startCompacting(etcd: EtcdClient, context: ApiContext, signal: AbortSignal): void {
  let old = 0n;
  const timer = setInterval(() => {
    const revision = old;
    old = context.store.lastWrite;
    if (revision > 0n) etcd.call('/v3/kv/compaction', { revision: String(revision) }).catch(() => undefined);
  }, COMPACTION_INTERVAL_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

async function lead(
  etcd: EtcdClient,
  context: ApiContext,
  clusterCidr: string,
  signal: AbortSignal,
): Promise<void> {
  const view = await ClusterView.load(context.store);
  const controllerContext = { ...context, view, clusterCidr, nowMs: () => performance.now() };
  const controllers = makeControllers();
  startCompacting(etcd, context, signal);
  const ended = new AbortController();
  const following = view
    .follow(context.store, AbortSignal.any([signal, ended.signal]))
    .catch((error: unknown) => {
      process.stderr.write(`W the controllers' watch ended: ${String(error)}\n`);
    })
    .finally(() => ended.abort());
  while (!signal.aborted && !ended.signal.aborted) {
    await runPass(controllers, controllerContext);
    await view.waitForChange(PASS_INTERVAL_MS);
  }
  ended.abort();
  await following;
}

/** Runs all controllers whenever it is this server's turn, until the signal aborts. */
export async function runControllers(
  etcd: EtcdClient,
  context: ApiContext,
  clusterCidr: string,
  signal: AbortSignal,
): Promise<void> {
  await takeTurns(etcd, (turn) => lead(etcd, context, clusterCidr, turn), signal);
}
