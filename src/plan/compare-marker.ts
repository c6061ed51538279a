import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { HostFacts } from '../domain/observed.ts';
import { isSameJson } from '../lib/is-same-json.ts';
import { contentHash } from '../render/content-hash.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { joinFirewalls } from '../render/firewall-rules.ts';
import type { RenderedFile } from '../render/rendered-file.ts';

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

/**
 * Holds the host's marker against the one it must have. What it says of the files' contents is kept by the steps that
 * write them, so it counts only where a run that was cut off between file and marker left it behind.
 */
export function compareMarker(
  desired: DesiredNode,
  { rke2 }: HostFacts,
  { claimed, surplus, closes }: MarkerInput,
): MarkerChanges {
  const { marker, files } = desired;
  const before = rke2.marker === null || rke2.marker === 'unreadable' ? null : rke2.marker;
  const { written, ...known } = before ?? { written: undefined };
  const stays = new Set([...marker.files, ...surplus]);
  const held: Marker = {
    ...marker,
    files: [...new Set([...(before?.files ?? []).filter((path) => stays.has(path)), ...marker.files])],
    firewall: closes ? heldFirewall(desired, before) : marker.firewall,
  };
  return {
    first: claimed && isSameJson(known, held) && !isOutdated(written, files, rke2) ? null : held,
    last: isSameAs(held, marker) ? null : marker,
  };
}

/** One was made from the other, and can differ in no more. */
function isSameAs(held: Marker, marker: Marker): boolean {
  const isSameFiles =
    held.files.length === marker.files.length &&
    held.files.every((path, index) => path === marker.files[index]);
  return isSameFiles && isSameJson(held.firewall, marker.firewall);
}

/** True when the marker has another hash of a file that is in place: left as it is, the file's next change would look made by hand. */
function isOutdated(
  written: Marker['written'],
  files: readonly RenderedFile[],
  { files: present }: HostFacts['rke2'],
): boolean {
  return files.some((file) => {
    const last = written?.[file.path];
    const hash = present[file.path]?.sha256;
    return last !== undefined && hash !== undefined && last !== hash && hash === contentHash(file);
  });
}

/** Old and new rules together, and those for members that are about to go; of two zones, which one record cannot hold, the old one's. */
function heldFirewall({ marker, passage }: DesiredNode, held: Marker | null): FirewallRecord | null {
  const before = held?.firewall ?? null;
  const wanted = passage ?? marker.firewall;
  if (before === null || wanted === null) return before ?? wanted;
  return before.zone === wanted.zone ? joinFirewalls(before, wanted) : before;
}
