import { isDeepStrictEqual } from 'node:util';
import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { HostFacts } from '../domain/observed.ts';
import type { DesiredNode } from '../render/desired-node.ts';

/**
 * The markers that a host gets: before anything else the one that also names what is still to be taken away, so that a
 * run which is cut off forgets nothing; and, once that is gone, the one without it. null: not needed.
 */
export interface MarkerChanges {
  readonly first: Marker | null;
  readonly last: Marker | null;
}

export interface MarkerInput {
  /** The state has the node's record. */
  readonly claimed: boolean;
  /** Files that will be taken away. */
  readonly surplus: readonly string[];
  /** True when something is to be closed in the firewall. */
  readonly closes: boolean;
}

/** Holds the host's marker against the one it must have. */
export function compareMarker(
  { marker }: DesiredNode,
  { rke2 }: HostFacts,
  { claimed, surplus, closes }: MarkerInput,
): MarkerChanges {
  const before = rke2.marker === null || rke2.marker === 'unreadable' ? null : rke2.marker;
  const stays = new Set([...marker.files, ...surplus]);
  const held: Marker = {
    ...marker,
    files: [...new Set([...(before?.files ?? []).filter((path) => stays.has(path)), ...marker.files])],
    firewall: closes ? heldFirewall(marker, before) : marker.firewall,
  };
  return {
    first: claimed && isDeepStrictEqual(before, held) ? null : held,
    last: isDeepStrictEqual(held, marker) ? null : marker,
  };
}

/** Old and new rules together; of two zones, which one record cannot hold, the old one's. */
function heldFirewall(wanted: Marker, marker: Marker | null): FirewallRecord | null {
  const before = marker?.firewall ?? null;
  if (before === null || wanted.firewall === null) return before ?? wanted.firewall;
  if (before.zone !== wanted.firewall.zone) return before;
  const both = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])].sort();
  const names = both(Object.keys(before.ipsets), Object.keys(wanted.firewall.ipsets));
  const now = wanted.firewall;
  return {
    zone: now.zone,
    ports: both(before.ports, now.ports),
    richRules: both(before.richRules, now.richRules),
    trustedSources: both(before.trustedSources, now.trustedSources),
    ipsets: Object.fromEntries(
      names.map((name) => [name, both(before.ipsets[name] ?? [], now.ipsets[name] ?? [])]),
    ),
  };
}
