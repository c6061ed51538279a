import { writeFile } from 'node:fs/promises';
import { type ExitCode, Rke2ctlError } from '../../domain/errors.ts';
import type { FileDiff } from '../../domain/file-diff.ts';
import type { Plan, StepId } from '../../domain/plan.ts';
import type { Role } from '../../domain/role.ts';
import { describeDisturbances } from '../../ui/plan-disturbance.ts';
import { renderPlan } from '../../ui/plan-view.ts';
import { findBasis } from '../find-basis.ts';
import type { PlanFlags } from '../flags.ts';
import { outputStyle } from '../output-style.ts';
import { planCommand } from '../plan-command.ts';
import { writePlanFile } from '../plan-file.ts';
import { planOptions } from '../plan-options.ts';
import { preparePlan } from '../prepare-plan.ts';
import { readDiffs } from '../read-diffs.ts';
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
    const away = workspace.cluster.nodes.flatMap(({ key, roles }) =>
      prepared.plan.unreachable.includes(key) ? [roles] : [],
    );
    const picture = flags.graph === undefined ? null : await draw(flags.graph, prepared.plan, away);
    if (picture !== null && flags.outGraph === undefined) {
      process.stdout.write(picture);
      return exitCodeOf(prepared.plan);
    }
    if (picture !== null) await writePicture(flags.outGraph ?? '', picture);
    const diffs = flags.diff ? await readDiffs(workspace, prepared) : [];
    const command = planCommand(request, flags.out ?? null);
    process.stdout.write(
      flags.output === 'json'
        ? `${JSON.stringify(describePlan(prepared.plan, diffs, away))}\n`
        : renderPlan(prepared.plan, outputStyle(), { diffs, away, command }),
    );
    return exitCodeOf(prepared.plan);
  });
}

/** The libraries that draw are loaded for those alone who want a picture. */
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

/** As docs/plan-json.md explains it: the plan itself, and beside it what people would be shown. */
function describePlan(plan: Plan, diffs: readonly FileDiff[], away: readonly (readonly Role[])[]): ShownPlan {
  return { ...plan, disturbs: Object.fromEntries(describeDisturbances(plan, away)), diffs };
}

interface ShownPlan extends Plan {
  readonly disturbs: Readonly<Record<StepId, string>>;
  readonly diffs: readonly FileDiff[];
}

function exitCodeOf({ steps, unreachable }: Plan): ExitCode {
  if (steps.length > 0) return 2;
  return unreachable.length > 0 ? 4 : 0;
}
