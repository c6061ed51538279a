import type { ExitCode } from '../../domain/errors.ts';
import { renderPlan } from '../../ui/plan-view.ts';
import type { PlanFlags } from '../flags.ts';
import { planOptions } from '../plan-options.ts';
import { prepareUp } from '../prepare-up.ts';
import { withWorkspace } from '../wire.ts';

/** `rke2ctl plan`: what `up` would do, and why. Exit 0 when there is nothing, 2 when there is something. */
export function plan(flags: PlanFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'plan', flags, locks: false }, async (workspace) => {
    const prepared = await prepareUp(workspace, planOptions(flags));
    const text = flags.output === 'json' ? `${JSON.stringify(prepared.plan)}\n` : renderPlan(prepared.plan);
    process.stdout.write(text);
    if (prepared.plan.steps.length > 0) return 2;
    return prepared.plan.unreachable.length > 0 ? 4 : 0;
  });
}
