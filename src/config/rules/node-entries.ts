import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';
import { parseRange } from '../ip.ts';
import { isNamePattern } from '../schema/node-name.ts';
import { splitValues } from '../schema/scalars.ts';

type Entry = NonNullable<NonNullable<ClusterDraft['nodes']>[number]>;

/** An entry of `nodes` has one address or a range of them, and names and internal addresses to match. */
export function checkNodeEntries(draft: ClusterDraft): readonly Finding[] {
  return (draft.nodes ?? []).flatMap((entry, index) => {
    if (!entry) return [];
    const mistakes = 'address_range' in entry ? checkRange(entry) : checkSingle(entry);
    return mistakes.map(([key, mistake, at]) => findingAt(['nodes', index, key], mistake, at));
  });
}

type Named = readonly [key: string, mistake: Mistake, at?: 'key' | 'value'];

function checkSingle(entry: Entry): readonly Named[] {
  const mistakes: Named[] = [];
  if (!('address' in entry)) {
    mistakes.push([
      'address',
      {
        code: 'missing-key',
        message: '`address` is missing in this entry of `nodes`; it must be a name or an IP address.',
        hint: 'For example `address: 10.0.0.11`; several nodes alike: `address_range: 10.0.0.11-10.0.0.30`.',
      },
    ]);
  }
  if (entry.hostname_override !== undefined && isNamePattern(entry.hostname_override)) {
    mistakes.push([
      'hostname_override',
      {
        code: 'node-name-pattern',
        message: 'This entry is one node, so there is nothing to number in its name.',
        hint: 'Write the name itself; `{n}` belongs to entries with `address_range`.',
      },
    ]);
  }
  if (entry.internal_address !== undefined && splitValues(entry.internal_address).some(parseRange)) {
    mistakes.push([
      'internal_address',
      {
        code: 'internal-address-range',
        message: 'This entry is one node, and its internal address is a range.',
        hint: 'Write the node’s own address; or `address_range` for several nodes.',
      },
    ]);
  }
  return mistakes;
}

function checkRange(entry: Entry): readonly Named[] {
  const range = entry.address_range === undefined ? null : parseRange(entry.address_range);
  const mistakes: Named[] = [];
  if ('address' in entry) {
    mistakes.push([
      'address',
      {
        code: 'address-twice',
        message: 'This entry has both `address` and `address_range`.',
        hint: 'Keep one of them; a node beside the range is an entry of its own.',
      },
      'key',
    ]);
  }
  if (range === null) return mistakes;
  const { hostname_override: name, internal_address: internal } = entry;
  if (name !== undefined && !isNamePattern(name) && range.count > 1) {
    mistakes.push([
      'hostname_override',
      {
        code: 'node-name-duplicate',
        message: `All ${range.count} nodes of this range would be called \`${name}\` in Kubernetes.`,
        hint: `Number them: \`"${name.replace(/-?\d*$/, '')}-{n}"\`; \`{nn}\` writes two digits, \`{n=21}\` begins at 21.`,
      },
    ]);
  }
  const counts =
    internal === undefined ? [] : splitValues(internal).map((part) => parseRange(part)?.count ?? 1);
  const other = counts.find((count) => count !== range.count);
  if (other !== undefined) {
    mistakes.push([
      'internal_address',
      {
        code: 'internal-address-range',
        message: `The range of this entry has ${range.count} addresses, and \`internal_address\` has ${other}.`,
        hint: 'Write a range of the same length, in the same order: `192.168.0.11-192.168.0.30`.',
      },
    ]);
  }
  return mistakes;
}
