import type { Plan, Step, StepKind } from '../../domain/plan.ts';

/** What makes a host ready for its service, without starting it. */
const KINDS: readonly StepKind[] = [
  'claim',
  'stage-artifacts',
  'install',
  'prepare-host',
  'open-firewall',
  'check-ports',
  'write-files',
];

/**
 * Of a plan for new hosts what must be done before their services start; files whose content only the first start makes
 * known are left out, as is what is closed after it.
 */
export function installOnly(plan: Plan): Plan {
  const steps = plan.steps
    .filter(({ kind, id }) => KINDS.includes(kind) && !id.endsWith(' again'))
    .flatMap((step): Step[] => {
      if (step.kind !== 'write-files') return [step];
      const files = step.files.filter(({ sha256 }) => sha256 !== null);
      return files.length + step.removed.length === 0 ? [] : [{ ...step, files }];
    });
  const ids = new Set(steps.map(({ id }) => id));
  const known = (wanted: readonly string[]) => wanted.filter((id) => ids.has(id));
  return {
    ...plan,
    steps: steps.map((step) => ({ ...step, needs: known(step.needs), after: known(step.after) })),
    changes: [],
    drift: [],
    leaving: [],
  };
}
