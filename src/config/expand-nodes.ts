import type { Finding } from './finding.ts';
import { type AddressRange, addressOf, parseRange } from './ip.ts';
import { isNamePattern, numberName } from './schema/node-name.ts';
import { splitValues } from './schema/scalars.ts';

/** What an entry of `nodes` says of addresses and names: one node, or with `address_range` several. */
interface NodeEntry {
  readonly address?: string | undefined;
  readonly address_range?: string | undefined;
  readonly internal_address?: string | undefined;
  readonly hostname_override?: string | undefined;
}

/** The nodes of all entries, and for each of them which entry (from 0) it stands in. */
export interface ExpandedNodes<T> {
  readonly nodes: readonly T[];
  readonly entries: readonly number[];
}

/** Makes one node of each address of an entry; whatever else the entry says holds for all of them. */
export function expandNodes<T extends NodeEntry | undefined>(written: readonly T[]): ExpandedNodes<T> {
  if (written.every((entry) => entry?.address_range === undefined))
    return { nodes: written, entries: written.map((_entry, index) => index) };
  const nodes = written.map(expandEntry);
  return { nodes: nodes.flat(), entries: nodes.flatMap((each, index) => each.map(() => index)) };
}

function expandEntry<T extends NodeEntry | undefined>(entry: T): readonly T[] {
  const range = entry?.address_range === undefined ? null : parseRange(entry.address_range);
  if (entry === undefined || range === null) return [entry];
  const { address_range: _range, hostname_override: name, internal_address: internal, ...rest } = entry;
  const ranges =
    internal === undefined
      ? null
      : splitValues(internal).map((part) => parseRange(part) ?? parseRange(`${part}-${part}`));
  return Array.from({ length: range.count }, (_, index) => ({
    ...rest,
    address: addressOf(range, index),
    ...('internal_address' in entry && {
      internal_address: ranges === null ? undefined : pick(ranges, index),
    }),
    ...('hostname_override' in entry && {
      // A name without a number has its own finding, and says nothing of the single nodes.
      hostname_override: name !== undefined && isNamePattern(name) ? numberName(name, index) : undefined,
    }),
  })) as unknown as readonly T[];
}

/** One address of each range; undefined when they are no ranges of that length. */
function pick(ranges: readonly (AddressRange | null)[], index: number): string | undefined {
  const addresses = ranges.map((range) =>
    range !== null && index < range.count ? addressOf(range, index) : undefined,
  );
  return addresses.includes(undefined) ? undefined : addresses.join(',');
}

/**
 * The same findings with paths as they stand in the file. What is said of the nodes of one entry is said once, at its
 * `address_range`.
 */
export function pointAtEntries<T extends NodeEntry | undefined>(
  findings: readonly Finding[],
  written: readonly T[],
  entries: readonly number[],
): readonly Finding[] {
  const said = new Set<string>();
  return findings.flatMap((finding) => {
    const [top, index, key, ...rest] = finding.path;
    const entry = top === 'nodes' && typeof index === 'number' ? entries[index] : undefined;
    if (entry === undefined) return [finding];
    const ranged = written[entry] !== undefined && 'address_range' in written[entry];
    const named = key === 'address' && ranged ? 'address_range' : key;
    const path = ['nodes', entry, ...(named === undefined ? [] : [named]), ...rest];
    if (!ranged) return [{ ...finding, path }];
    const id = JSON.stringify([finding.code, path]);
    if (said.has(id)) return [];
    said.add(id);
    return [{ ...finding, path }];
  });
}
