import type { NodeResult, RunResult } from '../domain/event.ts';
import { cleanLine } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText, renderTable } from './table.ts';

/** In a longer table the nodes that are well are counted only. */
const LONGEST_TABLE = 60;

/**
 * The end of a run: a table of nodes (name, roles, result, time, last words), and one sentence of outcome. Of many nodes
 * those that need somebody's eyes are in it, all of them, and the others are counted below.
 */
export function renderSummary(result: RunResult, style: Style = PLAIN_STYLE): string {
  const isLong = result.nodes.length > LONGEST_TABLE;
  const shown = isLong ? result.nodes.filter((node) => !isWell(node)) : result.nodes;
  const rows = shown.map((node) => [
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
  const isQuiet = result.nodes.length === 0 || result.outcome === 'nothing-to-do';
  const table = isQuiet || rows.length === 0 ? '' : renderTable(columns, rows, style);
  const others = table === '' ? '' : othersText(result.nodes.filter((node) => isLong && isWell(node)));
  const air = table === '' ? '' : '\n';
  return `${table}${others}${air}${outcomeText(result, style)}\n`;
}

function isWell({ result }: NodeResult): boolean {
  return result === 'done' || result === 'unchanged';
}

/** `and 3 nodes done, 947 nodes unchanged`; empty where there are none. */
function othersText(nodes: readonly NodeResult[]): string {
  const counts = (['done', 'unchanged'] as const).flatMap((which) => {
    const count = nodes.filter(({ result }) => result === which).length;
    return count === 0 ? [] : [`${countText(count, 'node')} ${which}`];
  });
  return counts.length === 0 ? '' : `and ${counts.join(', ')}\n`;
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
  const well = result.nodes.filter(isWell).length;
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
