import type { ExitCode } from '../../domain/errors.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { UpFlags } from '../flags.ts';
import { planOptions } from '../plan-options.ts';
import { preparePlan } from '../prepare-plan.ts';
import { runUp } from '../run-up.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl up`: brings the hosts to what the file says. Exit 0 done, 4 partly, 1 failed. */
export function up(flags: UpFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'up', flags, locks: true, measureDisks: true }, async (workspace) => {
    const prepared = await preparePlan(workspace, planOptions(flags));
    return exitCodeOf(await runUp(workspace, prepared, flags));
  });
}
