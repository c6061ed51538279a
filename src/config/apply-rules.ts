import type { ClusterDraft } from './draft.ts';
import { expandNodes, pointAtEntries } from './expand-nodes.ts';
import type { Finding } from './finding.ts';
import { RULES } from './rules/all-rules.ts';
import { checkNodeEntries } from './rules/node-entries.ts';
import type { RuleContext } from './rules/rule.ts';

/** What the rules between keys say: of the entries of `nodes` first, then of every single node they stand for. */
export function applyRules(written: ClusterDraft, context: Omit<RuleContext, 'entryOf'>): readonly Finding[] {
  const entriesOfFile = written.nodes ?? [];
  const { nodes, entries } = expandNodes(entriesOfFile);
  const draft = written.nodes === undefined ? written : { ...written, nodes };
  const entryOf = (index: number) => entries[index] ?? index;
  const found = RULES.flatMap((rule) => rule(draft, { ...context, entryOf }));
  return [...checkNodeEntries(written), ...pointAtEntries(found, entriesOfFile, entries)];
}
