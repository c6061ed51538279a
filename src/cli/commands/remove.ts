import type { Cluster } from '../../domain/cluster.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { Rke2ctlError, StateError } from '../../domain/errors.ts';
import type { Observed } from '../../domain/observed.ts';
import type { State } from '../../domain/state.ts';
import { planRemove } from '../../plan/plan-remove.ts';
import { factsOf } from '../../render/desired-node.ts';
import { executePlan } from '../execute-plan.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { RemoveFlags } from '../flags.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

const REMOVE_TIMEOUT_MS = 600_000;

/** `rke2ctl remove`: takes the cluster away. Exit 0 when every host is clean, 4 when some could not be. */
export function remove(flags: RemoveFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'remove', flags, locks: true }, async (workspace) => {
    if (flags.keepSnapshots !== undefined) refuseForeignData(workspace.cluster);
    const observed = await workspace.sessions.observe(workspace.connectWindow, workspace.signals.stop);
    const state = await workspace.store.read();
    const clusterId = state?.clusterId ?? idFromMarkers(workspace.cluster, observed);
    const plan = planRemove({
      cluster: workspace.cluster,
      observed,
      state,
      clusterId: clusterId ?? '',
      version: state?.version ?? '',
      keepSnapshots: flags.keepSnapshots ?? null,
      ignoreUnreachable: flags.ignoreUnreachable === true,
      findings: [],
    });
    for (const diagnostic of plan.findings) workspace.emit({ type: 'finding', diagnostic });
    if (plan.steps.some((step) => step.kind === 'uninstall')) await confirm(workspace, observed, flags);
    workspace.emit({ type: 'planned', plan });
    const removing: State | null = state === null ? null : { ...state, removing: true };
    if (removing !== null && plan.steps.length > 0) await workspace.store.write(removing);
    const result = await executePlan(workspace, plan, {
      concurrency: flags.concurrency,
      timeoutMs: REMOVE_TIMEOUT_MS,
      artifact: (name) => name,
      input: null,
      state: removing,
    });
    return exitCodeOf(result);
  });
}

/** Snapshots are of RKE2's own etcd; of a datastore outside there are none that RKE2 could take or bring back. */
function refuseForeignData({ externalDatastore }: Cluster): void {
  if (!externalDatastore) return;
  throw new Rke2ctlError({
    code: 'no-own-etcd',
    message:
      '`--keep-snapshots` fetches snapshots of the etcd that RKE2 runs, and this cluster has none: its data lie in an external datastore. Nothing was removed.',
    hint: 'Leave the flag out: the data stay where they are. To keep a copy, back the datastore up by its own means (for etcd: `etcdctl snapshot save`).',
    exitCode: 3,
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

/** Says what will be gone, snapshots by name, and asks; with --yes it only says so. Snapshots in S3 are left alone. */
async function confirm(workspace: Workspace, observed: Observed, flags: RemoveFlags): Promise<void> {
  const snapshots =
    flags.keepSnapshots !== undefined
      ? []
      : workspace.cluster.nodes.flatMap((node) =>
          (factsOf(observed, node.key)?.rke2.snapshots ?? []).map(({ name }) => `${name} on ${node.key}`),
        );
  const lost =
    snapshots.length === 0
      ? ''
      : `These etcd snapshots go with it (\`--keep-snapshots DIR\` fetches them first): ${snapshots.join(', ')}.`;
  if (flags.yes === true) {
    if (lost !== '') workspace.emit({ type: 'notice', message: lost });
    return;
  }
  const { name, nodes } = workspace.cluster;
  const hosts = nodes.length === 1 ? 'its host' : `its ${nodes.length} hosts`;
  if (await workspace.ask(`${lost} Remove the cluster ${name} from ${hosts}, with all its data?`.trim()))
    return;
  throw new Rke2ctlError({
    code: 'declined',
    message: 'Nothing was removed.',
    hint: 'That was your answer; `--yes` does not ask.',
    exitCode: 0,
  });
}
