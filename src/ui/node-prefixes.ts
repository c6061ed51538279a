import { padText, textWidth } from './fit-text.ts';
import type { Style } from './style.ts';

/** What stands before the lines of each node: its name, all of one width. */
export function nodePrefixes(labels: readonly string[], style: Style): ReadonlyMap<string, string> {
  const width = Math.max(0, ...labels.map(textWidth));
  return new Map(labels.map((label) => [label, style.dim(`${padText(label, width)} | `)]));
}
