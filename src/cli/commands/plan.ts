import type { ExitCode } from '../../domain/errors.ts';
import type { Plan } from '../../domain/plan.ts';
import { renderPlan } from '../../ui/plan-view.ts';
import { findBasis } from '../find-basis.ts';
import type { PlanFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { writePlanFile } from '../plan-file.ts';
import { planOptions } from '../plan-options.ts';
import { preparePlan } from '../prepare-plan.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl plan`: what `up` would do, and why. Exit 0 when there is nothing, 2 when there is something, 4 when hosts were
 * not reached and there is nothing else.
 */
export function plan(flags: PlanFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'plan', flags, locks: false }, async (workspace) => {
    const request = planOptions(flags);
    const prepared = await preparePlan(workspace, request);
    if (flags.out !== undefined) {
      const basis = await findBasis(workspace, prepared);
      await writePlanFile(flags.out, { request, basis, plan: prepared.plan });
    }
    const text =
      flags.output === 'json'
        ? `${JSON.stringify(prepared.plan)}\n`
        : renderPlan(prepared.plan, outputStyle());
    process.stdout.write(text);
    return exitCodeOf(prepared.plan);
  });
}

function exitCodeOf({ steps, unreachable }: Plan): ExitCode {
  if (steps.length > 0) return 2;
  return unreachable.length > 0 ? 4 : 0;
}
