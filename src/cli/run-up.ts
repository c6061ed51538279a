import type { Cluster, JsonMap } from '../domain/cluster.ts';
import { describeCluster } from '../domain/describe-cluster.ts';
import type { RunResult } from '../domain/event.ts';
import type { State } from '../domain/state.ts';
import { isSameJson } from '../lib/is-same-json.ts';
import { executePlan } from './execute-plan.ts';
import type { PreparedUp } from './prepare-up.ts';
import type { Workspace } from './workspace.ts';

export interface RunUpOptions {
  readonly concurrency: number;
  /** How long one service or Node may take, in ms. */
  readonly timeout: number;
  /** To how many nodes one node gives a release file at once; as the file says unless given. */
  readonly fanOut?: number | undefined;
}

/** The cluster as it is asked for now, with the time to live that a run gave it for good. */
function describe(cluster: Cluster, { desired }: State): JsonMap {
  const { runTtlSeconds, ...rest } = describeCluster(cluster);
  return { ...rest, runTtlSeconds: runTtlSeconds ?? desired?.['runTtlSeconds'] ?? null };
}

/**
 * Carries out what was prepared: the state says first what is wanted, then the engine works. Of a part of it the state
 * goes on saying what was wanted before, so that the rest is still seen as changed.
 */
export async function runUp(
  workspace: Workspace,
  prepared: PreparedUp & { readonly isPartial?: boolean },
  options: RunUpOptions,
): Promise<RunResult> {
  const { plan, input, release } = prepared;
  const desired: State = {
    ...prepared.state,
    clusterName: workspace.cluster.name,
    version: release.version,
    desired:
      (prepared.isPartial ? prepared.state.desired : null) ?? describe(workspace.cluster, prepared.state),
  };
  workspace.emit({ type: 'planned', plan });
  if (plan.steps.length > 0) await release.verify(workspace.signals.stop);
  // Also with nothing to do: a state that was made again knows no network yet, and its changes must be noticed.
  if (!isSameJson(desired, prepared.stored)) await workspace.store.write(desired);
  return executePlan(workspace, plan, {
    concurrency: options.concurrency,
    timeoutMs: options.timeout,
    fanOut: options.fanOut,
    artifact: release.artifact,
    input,
    state: desired,
  });
}
