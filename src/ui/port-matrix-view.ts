import type { NodeKey } from '../domain/cluster.ts';
import type { PortResult } from '../domain/event.ts';
import { keyLabel } from './host-label.ts';
import { PLAIN_STYLE, type Style } from './style.ts';
import { countText, renderTable } from './table.ts';

export interface PortMatrixOptions {
  /** Open ports, too; without it only what is closed or could not be tried, and the counts. */
  readonly all: boolean;
  readonly label?: (key: NodeKey) => string;
}

/** The node-to-node port matrix: from, to, port, why, result; what is closed first. Ends with a line of counts. */
export function renderPortMatrix(
  results: readonly PortResult[],
  options: PortMatrixOptions,
  style: Style = PLAIN_STYLE,
): string {
  const label = options.label ?? keyLabel;
  const shown = (['closed', 'unknown', 'open'] as const)
    .filter((result) => options.all || result !== 'open')
    .flatMap((result) => results.filter((each) => each.result === result));
  const paint = { open: style.green, closed: style.red, unknown: style.yellow };
  const rows = shown.map((each) => [
    label(each.from),
    label(each.to),
    `${each.port}/${each.protocol}`,
    each.purpose,
    each.result,
  ]);
  const columns = [
    { heading: 'FROM' },
    { heading: 'TO' },
    { heading: 'PORT', align: 'right' as const },
    { heading: 'WHY' },
    { heading: 'RESULT', paint: (cell: string) => paint[cell as PortResult['result']]?.(cell) ?? cell },
  ];
  const table = rows.length === 0 ? '' : renderTable(columns, rows, style);
  return `${table}${countPorts(results, style)}\n`;
}

/** `238 of 240 ports between the nodes are open, 1 closed, 1 unknown`. */
export function countPorts(results: readonly PortResult[], style: Style = PLAIN_STYLE): string {
  const count = (result: PortResult['result']) => results.filter((each) => each.result === result).length;
  const closed = count('closed');
  const unknown = count('unknown');
  return [
    `${count('open')} of ${countText(results.length, 'port')} between the nodes open`,
    ...(closed > 0 ? [style.red(`${closed} closed`)] : []),
    ...(unknown > 0 ? [style.yellow(`${unknown} unknown`)] : []),
  ].join(', ');
}
