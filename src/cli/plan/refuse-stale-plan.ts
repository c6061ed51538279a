import { Rke2ctlError } from '../../domain/errors.ts';
import { findMovements, type Movement } from '../../plan/plan-staleness.ts';
import type { SavedPlan } from '../../plan/saved-plan.ts';

/** Throws Rke2ctlError `plan-stale`, naming everything that moved, unless the plan that was just made is the saved one. */
export function refuseStalePlan(
  file: string,
  saved: SavedPlan,
  now: Pick<SavedPlan, 'basis' | 'plan'>,
): void {
  const movements = findMovements(saved, now);
  if (movements.length === 0) return;
  const lines = movements.slice(0, MOST_NAMED).map((movement) => `  ${describe(movement)}`);
  const rest = movements.length - lines.length;
  throw new Rke2ctlError({
    code: 'plan-stale',
    message: [
      `${file} no longer fits, and nothing was done. Since it was made this has moved:`,
      ...lines,
      ...(rest > 0 ? [`  … and ${rest} more`] : []),
    ].join('\n'),
    hint: `Plan anew and look at it: \`rke2ctl plan --out ${file}\`. What an apply that was cut off has done already is not in the new plan.`,
  });
}

const MOST_NAMED = 20;

const WHERE: Readonly<Record<Exclude<Movement['what'], 'host'>, string>> = {
  rke2ctl: 'rke2ctl',
  file: 'the cluster file',
  state: 'the state',
  plan: 'the steps, though file, state and hosts are as they were (artifacts, addons or the kubeconfig are not)',
};

function describe({ what, host, message }: Movement): string {
  return `${what === 'host' ? host : WHERE[what]}: ${message}`;
}
