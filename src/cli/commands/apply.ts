import type { ExitCode } from '../../domain/errors.ts';
import type { PlanRequest } from '../../plan/saved-plan.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import type { ApplyFlags, UpFlags } from '../flags.ts';
import { findBasis } from '../plan/find-basis.ts';
import { readPlanFile } from '../plan/plan-file.ts';
import { refuseStalePlan } from '../plan/refuse-stale-plan.ts';
import { preparePlan } from '../prepare-plan.ts';
import { runUp } from '../run-up.ts';
import { withWorkspace } from '../wire.ts';

/**
 * `rke2ctl apply FILE`: carries out exactly what `plan --out FILE` showed, or nothing. With every lock held it plans anew
 * in the same way, and refuses with what moved unless the same comes out. Exit codes as of `up`.
 */
export async function apply(file: string, flags: ApplyFlags): Promise<ExitCode> {
  const saved = await readPlanFile(file);
  const options = { command: 'apply', flags: withRequest(flags, saved.request), locks: true };
  return withWorkspace({ ...options, measureDisks: true }, async (workspace) => {
    const prepared = await preparePlan(workspace, saved.request);
    refuseStalePlan(file, saved, { basis: await findBasis(workspace, prepared), plan: prepared.plan });
    return exitCodeOf(await runUp(workspace, prepared, flags));
  });
}

/** The plan's own cluster files, unless other places were named for them. */
function withRequest(flags: ApplyFlags, request: PlanRequest): ApplyFlags & Partial<UpFlags> {
  const { artifacts, version, channel } = request;
  return {
    ...flags,
    config: flags.configGiven ? flags.config : request.config,
    local: request.local,
    ...(artifacts === null ? {} : { artifacts }),
    ...(version === null ? {} : { version }),
    ...(channel === null ? {} : { channel }),
  };
}
