import { structuredPatch } from 'diff';
import type { FileDiff } from '../domain/file-diff.ts';

/** A file before and after, on one node. null: it is not there; `undefined` after: what it will hold is not known yet. */
export interface FileChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null | undefined;
  /** True when no line of it may be shown. */
  readonly secret: boolean;
  /** Takes out of a text what may not be seen. */
  readonly mask: (text: string) => string;
  /** Why there is nothing to hold against each other: it is too big, or could not be read; null otherwise. */
  readonly obstacle: string | null;
}

const CONTEXT = 2;
const MOST_LINES = 120;

/** The difference as it may be shown. Only a few lines around what changes are in it. */
export function diffFile(file: FileChange): Omit<FileDiff, 'nodes'> {
  const { path, before, after, secret, mask, obstacle } = file;
  const change = before === null ? 'new' : after === null ? 'removed' : 'changed';
  const told = (note: string): Omit<FileDiff, 'nodes'> => ({ path, change, lines: [], note });
  if (obstacle !== null) return told(obstacle);
  if (secret) return told(`secret, ${change}`);
  if (after === undefined) return told(`${change}; what it holds is known once the first server runs`);
  if ([before, after].some((text) => text?.includes('\0'))) return told(`${change}, not a text`);
  if (before === after) return told('the same text, with another mode');
  const lines = patchLines(mask(before ?? ''), mask(after ?? ''));
  if (lines === null) return told(`${change}, almost all of it`);
  if (lines.length === 0) return told('it differs in secrets only');
  const rest = lines.length - MOST_LINES;
  return { path, change, lines: lines.slice(0, MOST_LINES), note: rest > 0 ? `${rest} more lines` : null };
}

/** null when the texts have so little in common that it would take too long to find. */
function patchLines(before: string, after: string): readonly string[] | null {
  const patch = structuredPatch('', '', before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: 5_000,
  });
  if (patch === undefined) return null;
  return patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }, index) => [
    ...(index > 0 || oldStart > 1 ? [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`] : []),
    ...lines.filter((line) => !line.startsWith('\\')),
  ]);
}

/** Equal differences of several nodes as one: those that differ only in the node's own name and addresses count as equal. */
export function groupDiffs(
  diffs: readonly {
    readonly node: { readonly name: string; readonly words: readonly string[] };
    readonly diff: Omit<FileDiff, 'nodes'>;
  }[],
): readonly FileDiff[] {
  const groups = new Map<string, { readonly diff: Omit<FileDiff, 'nodes'>; readonly nodes: string[] }>();
  for (const { node, diff } of diffs) {
    const words = [...node.words]
      .filter((word) => word !== '')
      .sort((one, other) => other.length - one.length);
    const text = words.reduce((whole, word) => whole.replaceAll(word, '\0'), JSON.stringify(diff));
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { diff, nodes: [node.name] });
    else group.nodes.push(node.name);
  }
  return [...groups.values()].map(({ diff, nodes }) => ({ ...diff, nodes }));
}
