import type { PlanRequest } from '../../plan/saved-plan.ts';
import type { ShapeFlags } from '../flags.ts';

/** Everything among the flags that decides about the steps. */
export function planOptions(flags: ShapeFlags): PlanRequest {
  return {
    config: flags.config,
    local: flags.local === true,
    artifacts: flags.artifacts ?? null,
    version: flags.version ?? null,
    channel: flags.channel ?? null,
    checkPorts: flags.disablePortCheck !== true,
    ignoredChecks: flags.ignoreCheck ?? [],
    updateAddons: flags.updateAddons === true,
    replace: flags.replace ?? [],
    rollback: flags.rollbackNode ?? [],
    keepDrift: flags.keepDrift === true,
    targets: flags.target ?? [],
    only: flags.only ?? (flags.updateOnly === true ? 'workers' : null),
  };
}
