import { writeFile } from 'node:fs/promises';
import { Rke2ctlError } from '../../domain/errors.ts';
import type { FileDiff } from '../../domain/file-diff.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Role } from '../../domain/role.ts';
import type { PlanRequest } from '../../plan/saved-plan.ts';
import { describeDisturbances } from '../../ui/plan-disturbance.ts';
import { renderPlan } from '../../ui/plan-view.ts';
import type { PlanFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { planCommand } from './plan-command.ts';

/** A plan with all that it is shown with. */
export interface ShownPlan {
  readonly plan: Plan;
  readonly request: PlanRequest;
  readonly diffs: readonly FileDiff[];
  /** The roles of the nodes that were not reached. */
  readonly away: readonly (readonly Role[])[];
  /** What is not certain, as sentences. */
  readonly notes: readonly string[];
}

/** Puts a plan on stdout as words, JSON or a picture; a picture that has a file of its own goes there beside the rest. */
export async function showPlan(flags: PlanFlags, shown: ShownPlan): Promise<void> {
  const { plan, request, diffs, away, notes } = shown;
  if (flags.graph !== undefined) {
    const picture = await draw(flags.graph, plan, away);
    if (flags.outGraph === undefined) {
      process.stdout.write(picture);
      return;
    }
    await writePicture(flags.outGraph, picture);
  }
  if (flags.output === 'json') {
    // As docs/plan-json.md explains it: the plan itself, and beside it what people would be shown.
    const disturbs = Object.fromEntries(describeDisturbances(plan, away));
    process.stdout.write(`${JSON.stringify({ ...plan, disturbs, diffs, notes })}\n`);
    return;
  }
  const command = planCommand(request, flags.out ?? null);
  process.stdout.write(renderPlan(plan, outputStyle(), { diffs, away, notes, command }));
}

/** What draws is loaded for those alone who want a picture. */
async function draw(
  form: 'mermaid' | 'svg',
  plan: Plan,
  away: readonly (readonly Role[])[],
): Promise<string> {
  const { drawPlan } = await import('../../ui/plan-graph.ts');
  const graph = drawPlan(plan, away);
  if (form === 'mermaid') return (await import('../../ui/plan-mermaid.ts')).writeMermaid(graph);
  return (await import('../../ui/plan-svg.ts')).writeSvg(graph);
}

async function writePicture(path: string, picture: string): Promise<void> {
  await writeFile(path, picture).catch((error: unknown) => {
    throw new Rke2ctlError({
      code: 'graph-unwritable',
      message: `The picture ${path} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
      hint: 'Name a file in a folder that you may write to with `--out-graph`.',
      exitCode: 3,
    });
  });
}
