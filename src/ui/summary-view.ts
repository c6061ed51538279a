import type { NodeResult, RunResult } from '../domain/event.ts';
import { cleanLine } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText, renderTable } from './table.ts';

/** The end of a run: a table of nodes (name, roles, result, time, last words), and one sentence of outcome. */
export function renderSummary(result: RunResult, style: Style = PLAIN_STYLE): string {
  const rows = result.nodes.map((node) => [
    node.name,
    node.roles.join('+') || '-',
    node.result,
    durationText(node.durationMs),
    cleanLine(node.lastWords),
  ]);
  const columns = [
    { heading: 'NODE' },
    { heading: 'ROLES' },
    { heading: 'RESULT', paint: (cell: string) => paintResult(cell, style) },
    { heading: 'TIME', align: 'right' as const },
    { heading: rows.some((row) => row[4] !== '') ? 'LAST WORDS' : '' },
  ];
  const isQuiet = rows.length === 0 || result.outcome === 'nothing-to-do';
  const table = isQuiet ? '' : `${renderTable(columns, rows, style)}\n`;
  return `${table}${outcomeText(result, style)}\n`;
}

function paintResult(result: string, style: Style): string {
  if (result === 'done') return style.green(result);
  if (result === 'unchanged') return style.dim(result);
  return result === 'failed' || result === 'unknown' || result === 'unreachable'
    ? style.red(result)
    : style.yellow(result);
}

function outcomeText(result: RunResult, style: Style): string {
  const time = durationText(result.durationMs);
  const well = countNodes(result, ['done', 'unchanged']);
  const bad = result.nodes.length - well;
  switch (result.outcome) {
    case 'done':
      return style.green(`Done in ${time}${result.nodes.length > 0 ? `: ${countText(well, 'node')}` : ''}.`);
    case 'nothing-to-do':
      return style.green(`Nothing to do (${time}).`);
    case 'partly':
      return style.yellow(
        `Partly done in ${time}: ${countText(well, 'node')} well, ${bad} not. Mend what is said above and run the same command again.`,
      );
    case 'failed':
      return style.red(`Failed after ${time}. Mend what is said above and run the same command again.`);
    case 'cancelled':
      return style.yellow(`Stopped after ${time}. Run the same command again to go on from here.`);
  }
}

function countNodes(result: RunResult, results: readonly NodeResult['result'][]): number {
  return result.nodes.filter((node) => results.includes(node.result)).length;
}
