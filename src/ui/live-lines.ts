import { clockText } from './duration-text.ts';
import { fitText, padText, textWidth } from './fit-text.ts';
import type { BusyLine, RunTotals } from './run-progress.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/**
 * The block that a terminal shows of a running run: one line per busy host and one of totals, never more lines than the
 * screen has nor wider ones. Hosts that find no room are counted in the line before the last.
 */
export function liveLines(
  busy: readonly BusyLine[],
  totals: RunTotals,
  now: number,
  screen: Screen,
  style: Style,
): readonly string[] {
  // A line that fills the last column makes some terminals wrap, and the block would creep down the screen.
  const width = Math.max(1, screen.columns - 1);
  const room = Math.max(0, screen.rows - 2);
  const shown = busy.length <= room ? busy : busy.slice(0, Math.max(0, room - 1));
  const hidden = busy.length - shown.length;
  const hostWidth = Math.min(totals.hostWidth, Math.floor(width / 3), 32);
  const titleWidth = Math.min(totals.titleWidth, Math.floor(width / 2.5));
  return [
    ...shown.map((line) => busyLine(line, now, { width, hostWidth, titleWidth }, style)),
    ...(hidden > 0 && room > 0
      ? [style.dim(fitText(`  and ${hidden} more at work`, width, style.symbols.ellipsis))]
      : []),
    fitText(totalsText(totals, busy.length, now, style), width, style.symbols.ellipsis),
  ];
}

interface Widths {
  readonly width: number;
  readonly hostWidth: number;
  readonly titleWidth: number;
}

const TIME_WIDTH = 6;

function busyLine(line: BusyLine, now: number, widths: Widths, style: Style): string {
  const { width, hostWidth, titleWidth } = widths;
  const cut = (text: string, columns: number) => fitText(text, columns, style.symbols.ellipsis);
  const time = padText(clockText(now - line.startedAt), TIME_WIDTH, 'right');
  const host = padText(cut(line.host, hostWidth), hostWidth);
  const title = padText(cut(line.title, titleWidth), titleWidth);
  const left = `  ${host}  ${title}`;
  if (textWidth(left) + 1 + TIME_WIDTH > width)
    return cut(`${cut(line.host, hostWidth)} ${line.title}`, width);
  const percent = line.fraction === null ? '' : `${Math.floor(clamp(line.fraction) * 100)}%  `;
  const room = width - textWidth(left) - TIME_WIDTH - 3;
  const words = room < 8 ? '' : cut(`${percent}${line.words}`, room);
  return `  ${style.bold(host)}  ${title} ${time}${words === '' ? '' : `  ${style.dim(words)}`}`;
}

function totalsText(totals: RunTotals, busy: number, now: number, style: Style): string {
  const time = clockText(now - totals.startedAt);
  const parts =
    totals.steps === null
      ? [
          `${totals.reached} of ${countText(totals.reached + totals.unreachable + totals.ahead + busy, 'host')} reached`,
        ]
      : [`${totals.ended} of ${countText(totals.steps, 'step')}`, `${busy} at work`];
  if (totals.unreachable > 0) parts.push(`${totals.unreachable} unreachable`);
  if (totals.failed > 0) parts.push(`${totals.failed} failed`);
  return [...parts, time].join(` ${style.symbols.separator} `);
}

function clamp(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(Math.max(fraction, 0), 1) : 0;
}
