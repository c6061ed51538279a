import type { ExitCode } from '../domain/errors.ts';
import type { Plan } from '../domain/plan.ts';
import { quoteWord } from '../lib/shell-quote.ts';
import { describeDisturbances } from '../ui/plan-disturbance.ts';
import { renderPlan } from '../ui/plan-view.ts';
import type { MaintenanceFlags } from './flags.ts';
import { outputStyle } from './output-style.ts';

/** Shows a plan and does nothing; 2 when there are steps. */
export function showMaintenance(plan: Plan, { output }: MaintenanceFlags): ExitCode {
  if (output === 'json') {
    const disturbs = Object.fromEntries(describeDisturbances(plan, []));
    process.stdout.write(`${JSON.stringify({ ...plan, disturbs, diffs: [], notes: [] })}\n`);
  } else {
    const command = withoutPlan(process.argv.slice(2), plan.purpose);
    process.stdout.write(renderPlan(plan, outputStyle(), { diffs: [], away: [], notes: [], command }));
  }
  return plan.steps.length > 0 ? 2 : 0;
}

/** What was typed, without `--plan`. */
function withoutPlan(words: readonly string[], purpose: string): string {
  const typed = words.filter((word) => word !== '--plan');
  const isThis = purpose.split(' ').every((word) => typed.includes(word));
  return `rke2ctl ${isThis ? typed.map(quoteWord).join(' ') : purpose}`;
}
