import type { FileDiff } from '../domain/file-diff.ts';
import { cleanText } from './clean-text.ts';
import { listNames } from './plan-lists.ts';
import type { Style } from './style.ts';
import { countText } from './table.ts';

/** How files change, one after the other, each with the nodes on which it does; empty when none does. */
export function renderDiffs(diffs: readonly FileDiff[], style: Style): string {
  if (diffs.length === 0) return '';
  return `${style.bold('Files')}\n${diffs.map((diff) => renderDiff(diff, style)).join('')}\n`;
}

function renderDiff({ path, nodes, change, lines, note }: FileDiff, style: Style): string {
  const where =
    nodes.length === 1
      ? `on ${nodes[0]}`
      : `on ${countText(nodes.length, 'node')}: ${listNames(nodes, 6)}; shown as on the first`;
  const isOnlyNote = lines.length === 0;
  const what = isOnlyNote ? `(${note})` : change === 'changed' ? '' : `(${change})`;
  const head = `  ${style.bold(cleanText(path))}  ${style.dim([where, what].filter(Boolean).join('  '))}`;
  const rest = isOnlyNote || note === null ? [] : [style.dim(`    (${note})`)];
  return [head, ...lines.map((line) => `    ${paint(line, style)}`), ...rest]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function paint(line: string, style: Style): string {
  const text = cleanText(line).replaceAll('\n', ' ');
  if (text.startsWith('+')) return style.green(text);
  if (text.startsWith('-')) return style.red(text);
  return text.startsWith('@@') ? style.dim(text) : text;
}
