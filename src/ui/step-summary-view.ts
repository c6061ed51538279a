import { cleanLine } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import type { ReportedPhase, ReportedStep, RunReport } from './run-report.ts';

/** GitHub takes a megabyte of summary for one step of a job; more is of no use to people either. */
const MOST_STEPS = 500;

/** The report as Markdown, as GitHub shows it on the page of a job: the command, a table of nodes, the steps folded away. */
export function renderStepSummary({ phases, command }: RunReport): string {
  const [first] = phases;
  const lines = [
    `## rke2ctl: cluster ${escapeMarkdown(first?.clusterName ?? '')}`,
    '',
    ...(command === null
      ? []
      : [
          `\`${command.words.join(' ').replaceAll('\n', ' ').replaceAll('`', "'")}\` ended with exit code ${command.exitCode} after ${durationText(command.durationMs)}${command.endedBy === null ? '' : `: ${escapeMarkdown(command.endedBy)}`}`,
          '',
        ]),
    ...phases.flatMap(phaseLines),
  ];
  return `${lines.join('\n')}\n`;
}

function phaseLines(phase: ReportedPhase): readonly string[] {
  const { steps, nodes, error, unreachable } = phase;
  const shown = steps.slice(0, MOST_STEPS);
  return [
    `### ${escapeMarkdown(phase.command)}: ${phase.outcome ?? 'failed'} (${durationText(phase.durationMs)})`,
    '',
    ...(error === null ? [] : [`**${escapeMarkdown(error.message)}** ${escapeMarkdown(error.hint)}`, '']),
    ...table(
      ['Node', 'Result', 'Why'],
      unreachable.map(({ name, failure }) => [name, 'not reached', failure.message]),
    ),
    ...table(
      ['Node', 'Roles', 'Result', 'Time', 'Last words'],
      nodes.map(({ name, roles, result, durationMs, lastWords }) => [
        name,
        roles.join('+'),
        result,
        durationText(durationMs),
        lastWords,
      ]),
    ),
    ...(steps.length === 0
      ? []
      : [
          `<details><summary>${steps.length} ${steps.length === 1 ? 'step' : 'steps'}</summary>`,
          '',
          ...table(['Step', 'Node', 'Result', 'Time'], shown.map(stepRow)),
          ...(shown.length < steps.length ? [`… and ${steps.length - shown.length} more`, ''] : []),
          '</details>',
          '',
        ]),
  ];
}

function stepRow({ words, node, outcome, durationMs, failure }: ReportedStep): readonly string[] {
  const result = failure === null ? outcome : `${outcome}: ${failure.message}`;
  return [words, node ?? '', result, durationText(durationMs)];
}

/** Nothing for no rows. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(headings),
    line(headings.map(() => '---')),
    ...rows.map((row) => line(row.map(escapeMarkdown))),
    '',
  ];
}

/** Words that Markdown and HTML leave alone, on one line. */
function escapeMarkdown(text: string): string {
  return cleanLine(text.replaceAll('\n', ' '))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_|~[\]]/g, (sign) => `\\${sign}`);
}
