import type { Cluster } from '../domain/cluster.ts';
import { StateError } from '../domain/errors.ts';
import type { RunResult } from '../domain/event.ts';
import type { Observed } from '../domain/observed.ts';
import type { State } from '../domain/state.ts';
import { planRemove } from '../plan/plan-remove.ts';
import { factsOf } from '../render/desired-node.ts';
import { executePlan } from './execute-plan.ts';
import type { Workspace } from './workspace.ts';

export interface RunRemoveOptions {
  readonly concurrency: number;
  /** Directory on this machine for the local snapshots; null lets them go. */
  readonly keepSnapshots: string | null;
  /** Forget hosts that cannot be reached. */
  readonly ignoreUnreachable: boolean;
  /** Asked before anything is taken off a host; rejects to leave everything as it is. */
  readonly confirm: (observed: Observed) => Promise<void>;
  /** Only this cluster is taken away; whichever the state or the hosts name, unless given. */
  readonly clusterId?: string;
}

const STEP_TIMEOUT_MS = 600_000;

/** Looks at the hosts and takes the cluster away from them, and then what this machine knows of it. */
export async function runRemove(workspace: Workspace, options: RunRemoveOptions): Promise<RunResult> {
  const { cluster, store } = workspace;
  const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
  const state = await store.read();
  const clusterId = state?.clusterId ?? idFromMarkers(cluster, observed);
  refuseAnother(clusterId, options.clusterId);
  const plan = planRemove({
    cluster,
    observed,
    state,
    clusterId: clusterId ?? '',
    version: state?.version ?? '',
    keepSnapshots: options.keepSnapshots,
    ignoreUnreachable: options.ignoreUnreachable,
    findings: [],
  });
  for (const diagnostic of plan.findings) workspace.emit({ type: 'finding', diagnostic });
  if (plan.steps.some((step) => step.kind === 'uninstall')) await options.confirm(observed);
  workspace.emit({ type: 'planned', plan });
  const removing: State | null = state === null ? null : { ...state, removing: true };
  if (removing !== null && plan.steps.length > 0) await store.write(removing);
  return executePlan(workspace, plan, {
    concurrency: options.concurrency,
    timeoutMs: STEP_TIMEOUT_MS,
    artifact: (name) => ({ source: name }),
    input: null,
    state: removing,
  });
}

/** Without a state the markers say whose hosts these are; two clusters at once are nobody's to guess. */
function idFromMarkers(cluster: Cluster, observed: Observed): string | null {
  const ids = new Map<string, string>();
  for (const node of cluster.nodes) {
    const marker = factsOf(observed, node.key)?.rke2.marker;
    if (marker !== null && marker !== undefined && marker !== 'unreadable')
      ids.set(marker.clusterId, node.key);
  }
  if (ids.size > 1) {
    throw new StateError({
      code: 'several-clusters',
      message: `The hosts of this file belong to ${ids.size} different clusters (${[...ids.values()].join(', ')}), and there is no state that says which is meant.`,
      hint: 'Write a file with the nodes of one cluster and run `rke2ctl remove --config` with it.',
    });
  }
  return [...ids.keys()][0] ?? null;
}

function refuseAnother(found: string | null, meant: string | undefined): void {
  if (meant === undefined || found === null || found === meant) return;
  throw new StateError({
    code: 'another-cluster',
    message: `The cluster that this run made (${meant}) is not the one that its hosts and its state name now (${found}): somebody has made another meanwhile. It was left alone.`,
    hint: 'If it is to go as well, run `rke2ctl remove`.',
  });
}
