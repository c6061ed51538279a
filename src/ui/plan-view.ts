import type { Plan, Step, StepKind } from '../domain/plan.ts';
import { cleanLine } from './clean-text.ts';
import { renderFindings } from './findings-view.ts';
import { fitText, padText, textWidth } from './fit-text.ts';
import { keyLabel } from './host-label.ts';
import { stepText } from './step-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText } from './table.ts';

/** A plan for people: findings, then host by host what would be done and why, then the counts. */
export function renderPlan(plan: Plan, style: Style = PLAIN_STYLE): string {
  const findings = renderFindings(plan.findings, style);
  return [
    findings === '' ? '' : `${findings}\n`,
    ...groupByHost(plan.steps).map((group) => renderGroup(group, style)),
    ...plan.unreachable.map((key) => style.yellow(`${keyLabel(key)}  not reached, left out\n`)),
    `${totalsText(plan, style)}\n`,
  ].join('');
}

interface HostSteps {
  readonly heading: string;
  readonly steps: readonly Step[];
}

/** Hosts in the order in which the plan first names them; what concerns no single host comes where it begins. */
function groupByHost(steps: readonly Step[]): readonly HostSteps[] {
  const groups = new Map<string, Step[]>();
  for (const step of steps) {
    const heading =
      step.node === null
        ? 'The cluster'
        : `${step.node.name}  ${keyLabel(step.node.key)}  ${step.node.roles.join('+')}`;
    const group = groups.get(heading);
    if (group === undefined) groups.set(heading, [step]);
    else group.push(step);
  }
  return [...groups].map(([heading, group]) => ({ heading, steps: group }));
}

const REMOVALS: readonly StepKind[] = ['uninstall', 'forget-state', 'delete-addon'];

function renderGroup({ heading, steps }: HostSteps, style: Style): string {
  const texts = steps.map((step) => cleanLine(stepText(step)));
  const column = Math.min(Math.max(...texts.map(textWidth)), 64);
  const lines = steps.map((step, index) => {
    const text = texts[index] ?? '';
    const mark = REMOVALS.includes(step.kind) ? style.red('-') : style.green('+');
    return `  ${mark} ${textWidth(text) > column ? text : padText(text, column)}  ${style.dim(reasonOf(step, column, style))}`;
  });
  return `${[style.bold(cleanLine(heading)), ...lines.map((line) => line.trimEnd())].join('\n')}\n\n`;
}

function reasonOf(step: Step, column: number, style: Style): string {
  const reason = cleanLine(step.reason);
  const room = style.width === null ? null : style.width - column - 6;
  return room === null || room < 20 ? reason : fitText(reason, room, style.symbols.ellipsis);
}

function totalsText(plan: Plan, style: Style): string {
  const name = `cluster ${plan.clusterName}`;
  const hosts = new Set(plan.steps.flatMap((step) => (step.node === null ? [] : [step.node.key]))).size;
  const missing =
    plan.unreachable.length > 0 ? `; ${countText(plan.unreachable.length, 'host')} not reached` : '';
  if (plan.steps.length === 0) return style.green(`Nothing to do: ${name} is as the file says${missing}.`);
  const doing = plan.purpose === 'up' ? `to bring ${name} to RKE2 ${plan.version}` : `to remove ${name}`;
  return `${countText(plan.steps.length, 'step')} on ${countText(hosts, 'host')} ${doing}${missing}.`;
}
