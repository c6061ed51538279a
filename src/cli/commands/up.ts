import { isDeepStrictEqual } from 'node:util';
import { describeCluster } from '../../domain/describe-cluster.ts';
import type { ExitCode } from '../../domain/errors.ts';
import type { RunResult } from '../../domain/event.ts';
import type { State } from '../../domain/state.ts';
import { executePlan } from '../execute-plan.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { UpFlags } from '../flags.ts';
import { type PreparedUp, prepareUp } from '../prepare-up.ts';
import { withWorkspace } from '../wire.ts';
import type { Workspace } from '../workspace.ts';

/** `rke2ctl up`: brings the hosts to what the file says. Exit 0 done, 4 partly, 1 failed. */
export function up(flags: UpFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'up', flags, locks: true, measureDisks: true }, async (workspace) => {
    const prepared = await prepareUp(workspace, {
      checkPorts: flags.disablePortCheck !== true,
      ignoredChecks: flags.ignoreCheck ?? [],
      updateAddons: flags.updateAddons === true,
    });
    workspace.emit({ type: 'planned', plan: prepared.plan });
    return exitCodeOf(await bringUp(workspace, prepared, flags));
  });
}

async function bringUp(workspace: Workspace, prepared: PreparedUp, flags: UpFlags): Promise<RunResult> {
  const { plan, input, release } = prepared;
  const desired: State = {
    ...prepared.state,
    clusterName: workspace.cluster.name,
    version: release.version,
    desired: describeCluster(workspace.cluster),
  };
  if (plan.steps.length > 0) await release.verify(workspace.signals.stop);
  // Also with nothing to do: a state that was made again knows no network yet, and its changes must be noticed.
  if (!isDeepStrictEqual(desired, prepared.stored)) await workspace.store.write(desired);
  return executePlan(workspace, plan, {
    concurrency: flags.concurrency,
    timeoutMs: flags.timeout,
    artifact: release.path,
    input,
    state: desired,
  });
}
