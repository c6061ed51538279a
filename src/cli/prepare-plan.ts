import type { PlanRequest } from '../plan/saved-plan.ts';
import { selectSteps } from '../plan/select-steps.ts';
import { prepareRollback } from './prepare-rollback.ts';
import { type PreparedUp, prepareUp } from './prepare-up.ts';
import type { Workspace } from './workspace.ts';

export interface PreparedPlan extends PreparedUp {
  /** Some of what there is to do was left out on request. */
  readonly isPartial: boolean;
}

/** What `plan`, `up` and `apply` have in common: the plan for what was asked, cut down to the nodes that were named. */
export async function preparePlan(workspace: Workspace, request: PlanRequest): Promise<PreparedPlan> {
  if (request.rollback.length > 0) return prepareRollback(workspace, request);
  const prepared = await prepareUp(workspace, request);
  const plan = selectSteps(prepared.plan, request);
  for (const diagnostic of plan.findings.slice(prepared.plan.findings.length))
    workspace.emit({ type: 'finding', diagnostic });
  return { ...prepared, plan, isPartial: plan.steps.length < prepared.plan.steps.length };
}
