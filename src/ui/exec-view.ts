import type { Failure } from '../domain/event.ts';
import { cleanLine } from './clean-text.ts';
import { durationText } from './duration-text.ts';
import type { Style } from './style.ts';
import { countText, renderTable } from './table.ts';

/** How a command of the person's ended on one node. */
export interface ExecOutcome {
  readonly node: string;
  /** null: it did not come to an end of its own; `failure` says why. */
  readonly exitCode: number | null;
  readonly failure: Failure | null;
  readonly durationMs: number;
}

/** The table of exit codes, and one sentence. */
export function renderExecSummary(outcomes: readonly ExecOutcome[], style: Style): string {
  const rows = outcomes.map(({ node, exitCode, failure, durationMs }) => [
    node,
    exitCode === null ? '-' : String(exitCode),
    durationText(durationMs),
    failure === null ? '' : cleanLine(failure.message.split('\n')[0] ?? ''),
  ]);
  const columns = [
    { heading: 'NODE' },
    {
      heading: 'EXIT',
      align: 'right' as const,
      paint: (cell: string) => (cell === '0' ? cell : style.red(cell)),
    },
    { heading: 'TIME', align: 'right' as const },
    { heading: rows.some((row) => row[3] !== '') ? 'WHY NOT' : '' },
  ];
  const bad = outcomes.filter(({ exitCode }) => exitCode !== 0).length;
  const words =
    bad === 0
      ? style.green(`Exit code 0 on ${countText(outcomes.length, 'node')}.`)
      : style.red(`Not exit code 0 on ${bad} of ${countText(outcomes.length, 'node')}.`);
  return `\n${renderTable(columns, rows, style)}\n${words}\n`;
}
