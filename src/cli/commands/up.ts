import type { ExitCode } from '../../domain/errors.ts';
import { RunRecorder } from '../../ui/run-report.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { UpFlags } from '../flags.ts';
import { planOptions } from '../plan/plan-options.ts';
import { preparePlan } from '../prepare-plan.ts';
import { withShortLivedCluster } from '../run/short-lived-cluster.ts';
import { runUp } from '../run-up.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl up`: brings the hosts to what the file says. Exit 0 done, 4 partly, 1 failed. */
export function up(flags: UpFlags): Promise<number> {
  return flags.cleanupOnFailure === true ? upOrNothing(flags) : bringUp(flags);
}

/** A cluster that was not there before and does not come up whole is taken away again; one that was there never is. */
function upOrNothing(flags: UpFlags): Promise<number> {
  return withShortLivedCluster({
    command: 'up',
    flags,
    wait: false,
    mustBeNew: false,
    quietStdout: false,
    recorder: new RunRecorder(),
    timeoutMs: null,
    use: () => Promise.resolve(0),
    keeps: (code, _end, begun) => {
      if (code === 0) return '';
      return begun.isNew ? null : 'The cluster was there before, so it is left as it is.';
    },
  });
}

function bringUp(flags: UpFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'up', flags, locks: true, measureDisks: true }, async (workspace) => {
    const prepared = await preparePlan(workspace, planOptions(flags));
    return exitCodeOf(await runUp(workspace, prepared, flags));
  });
}
