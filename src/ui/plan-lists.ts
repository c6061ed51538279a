import type { JsonValue } from '../domain/cluster.ts';
import type { Change, Drift } from '../domain/plan.ts';
import { cleanLine } from './clean-text.ts';
import { fitText } from './fit-text.ts';
import type { Style } from './style.ts';

/** Nobody reads more; `--output json` has all of them. */
const MOST_LISTED = 60;

/** What the file says otherwise than when it was last brought about; empty without changes. */
export function renderChanges(changes: readonly Change[], style: Style): string {
  return renderList(
    'Changed in the file',
    changes.map((change) => changeLine(change, style)),
    style,
  );
}

/** What is otherwise on hosts and in the cluster than it was left; empty without drift. */
export function renderDrift(drift: readonly Drift[], style: Style): string {
  const alike = new Map<string, { readonly drift: Drift; readonly nodes: string[] }>();
  for (const each of drift) {
    const key = JSON.stringify([
      each.kind,
      each.subject,
      each.message.replaceAll(each.node ?? '\0', ''),
      each.mended,
    ]);
    const known = alike.get(key) ?? { drift: each, nodes: [] };
    if (each.node !== null) known.nodes.push(each.node);
    alike.set(key, known);
  }
  return renderList(
    'Drifted on the hosts',
    [...alike.values()].map(({ drift: each, nodes }) => driftLine(each, nodes, style)),
    style,
  );
}

function renderList(heading: string, lines: readonly string[], style: Style): string {
  if (lines.length === 0) return '';
  const rest = lines.length - MOST_LISTED;
  return [
    style.bold(heading),
    ...lines.slice(0, MOST_LISTED).map((line) => `  ${line}`),
    ...(rest > 0
      ? [style.dim(`  ${style.symbols.ellipsis} and ${rest} more; \`--output json\` lists all`)]
      : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
    .concat('\n');
}

function changeLine({ path, before, after }: Change, style: Style): string {
  const name = cleanLine(path);
  if (before === null && after === null)
    return `${style.yellow('~')} ${name}: another value, which is not told`;
  if (before === null) return `${style.green('+')} ${name}: ${valueText(after, style)}`;
  if (after === null) return `${style.red('-')} ${name}: was ${valueText(before, style)}`;
  return `${style.yellow('~')} ${name}: ${valueText(before, style)} ${style.symbols.hint} ${valueText(after, style)}`;
}

function valueText(value: JsonValue, style: Style): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return fitText(cleanLine(text) || '""', 64, style.symbols.ellipsis);
}

function driftLine({ message, mended }: Drift, nodes: readonly string[], style: Style): string {
  const where = nodes.length === 0 ? '' : `${listNames(nodes, 3)}: `;
  const own = nodes.length === 1 ? message.replace(`${nodes[0]}: `, '') : message;
  return `${mended ? style.yellow('~') : style.red('!')} ${where}${cleanLine(own)}`;
}

/** `a, b, c and 9 more`. */
export function listNames(names: readonly string[], most: number): string {
  const rest = names.length - most;
  const shown = rest === 1 ? names : names.slice(0, most);
  return `${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`;
}
