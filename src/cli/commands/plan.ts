import type { Cluster } from '../../domain/cluster.ts';
import type { ExitCode } from '../../domain/errors.ts';
import type { PlanFlags } from '../flags.ts';
import { assumePlan } from '../plan/assume-plan.ts';
import { findBasis } from '../plan/find-basis.ts';
import { writePlanFile } from '../plan/plan-file.ts';
import { planOptions } from '../plan/plan-options.ts';
import { type ReadPresent, readDiffs, readFromHosts } from '../plan/read-diffs.ts';
import { type ShownPlan, showPlan } from '../plan/show-plan.ts';
import { preparePlan } from '../prepare-plan.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl plan`: what `up` would do, and why. Exit 0 when there is nothing, 2 when there is something, 4 when hosts were
 * not reached and there is nothing else.
 */
export function plan(flags: PlanFlags): Promise<ExitCode> {
  return flags.refresh ? planObserved(flags) : planAssumed(flags);
}

function planObserved(flags: PlanFlags): Promise<ExitCode> {
  return withWorkspace({ command: 'plan', flags, locks: false }, async (workspace) => {
    const request = planOptions(flags);
    const prepared = await preparePlan(workspace, request);
    if (flags.out !== undefined) {
      const basis = await findBasis(workspace, prepared);
      await writePlanFile(flags.out, { request, basis, plan: prepared.plan });
    }
    const { cluster } = workspace;
    return show(flags, { ...prepared, cluster, request, notes: [] }, readFromHosts(workspace));
  });
}

async function planAssumed(flags: PlanFlags): Promise<ExitCode> {
  const request = planOptions(flags);
  const assumed = await assumePlan(flags, request);
  return show(flags, { ...assumed, request }, async ({ key }, path) => {
    const text = assumed.files[key]?.[path] ?? null;
    return { text, obstacle: text === null ? 'what is there now is not known' : null };
  });
}

type Prepared = Omit<ShownPlan, 'diffs' | 'away'> &
  Parameters<typeof readDiffs>[1] & { readonly cluster: Cluster };

async function show(flags: PlanFlags, prepared: Prepared, read: ReadPresent): Promise<ExitCode> {
  const { cluster, plan: planned } = prepared;
  const isPicture = flags.graph !== undefined && flags.outGraph === undefined;
  const diffs = flags.diff && !isPicture ? await readDiffs(cluster, prepared, read) : [];
  const away = cluster.nodes.flatMap(({ key, roles }) => (planned.unreachable.includes(key) ? [roles] : []));
  await showPlan(flags, { ...prepared, diffs, away });
  if (planned.steps.length > 0) return 2;
  return planned.unreachable.length > 0 ? 4 : 0;
}
