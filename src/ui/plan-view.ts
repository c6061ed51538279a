import type { FileDiff } from '../domain/file-diff.ts';
import type { Plan, StepKind } from '../domain/plan.ts';
import type { Role } from '../domain/role.ts';
import { cleanLine } from './clean-text.ts';
import { renderDiffs } from './diff-view.ts';
import { renderFindings } from './findings-view.ts';
import { fitText, padText, textWidth, wrapText } from './fit-text.ts';
import { keyLabel } from './host-label.ts';
import { describeDisturbances } from './plan-disturbance.ts';
import { type GroupStep, groupSteps, type PlanGroup } from './plan-groups.ts';
import { listNames, renderChanges, renderDrift } from './plan-lists.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText } from './table.ts';

/** What a plan is shown with. */
export interface PlanContext {
  readonly diffs: readonly FileDiff[];
  /** The roles of the nodes that were not reached. */
  readonly away: readonly (readonly Role[])[];
  /** What is not certain about the plan, as sentences. */
  readonly notes: readonly string[];
  /** What carries it out: `rke2ctl up`; null where that goes without saying. */
  readonly command: string | null;
}

const NO_CONTEXT: PlanContext = { diffs: [], away: [], notes: [], command: null };

/**
 * A plan for people: what changed, what drifted, what would be done node by node in the order in which it happens, why,
 * and what it disturbs; how files change; warnings; and last the counts with the command that does it.
 */
export function renderPlan(
  plan: Plan,
  style: Style = PLAIN_STYLE,
  context: PlanContext = NO_CONTEXT,
): string {
  const findings = renderFindings(plan.findings, style);
  const groups = groupSteps(plan, describeDisturbances(plan, context.away));
  const notes = context.notes.flatMap((note) => wrapText(`${style.symbols.warning} ${note}`, style.width));
  return [
    notes.length === 0 ? '' : `${notes.map((line) => style.yellow(line)).join('\n')}\n\n`,
    renderChanges(plan.changes, style),
    renderDrift(plan.drift, style),
    ...groups.map((group) => renderGroup(group, style)),
    renderDiffs(context.diffs, style),
    ...plan.unreachable.map((key) => style.yellow(`${keyLabel(key)}  not reached, left out\n`)),
    findings === '' ? '' : `${findings}\n`,
    `${totalsText(plan, context, style)}\n`,
  ].join('');
}

const REMOVALS: readonly StepKind[] = ['uninstall', 'forget-state', 'delete-addon', 'leave-cluster'];

function renderGroup(group: PlanGroup, style: Style): string {
  const texts = group.steps.map(({ text }) => cleanLine(text));
  const column = Math.min(Math.max(...texts.map(textWidth)), 64);
  const lines = group.steps.flatMap((each, index) => stepLines(each, texts[index] ?? '', column, style));
  return `${[headingOf(group, style), ...lines.map((line) => line.trimEnd())].join('\n')}\n\n`;
}

function stepLines(
  { step, disturbs }: GroupStep,
  text: string,
  column: number,
  style: Style,
): readonly string[] {
  const padded = textWidth(text) > column ? text : padText(text, column);
  const reason = style.dim(reasonOf(step.reason, Math.max(column, textWidth(text)), style));
  return [`  ${markOf(step, style)} ${padded}  ${reason}`, ...disturbanceLines(disturbs, style)];
}

function disturbanceLines(disturbs: string | null, style: Style): readonly string[] {
  if (disturbs === null) return [];
  const lines = wrapText(disturbs, style.width === null ? null : style.width - 8);
  return lines.map(
    (line, index) => `      ${style.yellow(`${index === 0 ? style.symbols.warning : ' '} ${line}`)}`,
  );
}

function markOf(step: GroupStep['step'], style: Style): string {
  if (REMOVALS.includes(step.kind)) return style.red('-');
  const isChange = (step.kind === 'start-service' && step.restart) || step.kind === 'drain';
  return isChange ? style.yellow('~') : style.green('+');
}

function headingOf({ nodes, leaves, atOnce }: PlanGroup, style: Style): string {
  const [node] = nodes;
  if (node === undefined) return style.bold('The cluster');
  const ending = leaves ? '  leaves the cluster' : '';
  const roles = node.roles.join('+');
  if (nodes.length === 1)
    return style.bold(cleanLine(`${node.name}  ${keyLabel(node.key)}  ${roles}${ending}`));
  const pace = atOnce === null ? '' : `, ${atOnce} at a time`;
  const names = listNames(
    nodes.map(({ name }) => name),
    5,
  );
  return style.bold(cleanLine(`${countText(nodes.length, 'node')}${pace}: ${names}  ${roles}${ending}`));
}

/** In fewer letters nobody reads a reason. */
const SHORTEST_REASON = 12;

function reasonOf(text: string, column: number, style: Style): string {
  const reason = cleanLine(text);
  const room = style.width === null ? null : style.width - column - 6;
  if (room === null) return reason;
  return room < SHORTEST_REASON ? '' : fitText(reason, room, style.symbols.ellipsis);
}

function goalText({ purpose, version }: Plan, name: string): string {
  if (purpose === 'up') return `to bring ${name} to RKE2 ${version}`;
  return purpose === 'remove' ? `to remove ${name}` : `for \`${purpose}\` of ${name}`;
}

function totalsText(plan: Plan, { command }: PlanContext, style: Style): string {
  const name = `cluster ${plan.clusterName}`;
  const hosts = new Set(plan.steps.flatMap((step) => (step.node === null ? [] : [step.node.key]))).size;
  const missing =
    plan.unreachable.length > 0 ? `; ${countText(plan.unreachable.length, 'host')} not reached` : '';
  const unmended = plan.drift.filter(({ mended }) => !mended).length;
  if (plan.steps.length === 0) {
    if (unmended > 0)
      return style.yellow(
        `Nothing that \`up\` would do: ${countText(unmended, 'thing')} above is for you to decide${missing}.`,
      );
    return style.green(`Nothing to do: ${name} is as the file says${missing}.`);
  }
  const restarts = plan.steps.filter((step) => step.kind === 'start-service' && step.restart).length;
  const parts = [
    `${countText(plan.steps.length, 'step')} on ${countText(hosts, 'host')}`,
    ...(restarts > 0 ? [countText(restarts, 'restart')] : []),
    ...(plan.leaving.length > 0 ? [`${countText(plan.leaving.length, 'node')} leaving`] : []),
  ];
  const goal = goalText(plan, name);
  const doing = command === null ? '' : ` Do it: ${command}`;
  return wrapText(`${parts.join(', ')} ${goal}${missing}.${doing}`, style.width).join('\n');
}
