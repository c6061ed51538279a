import type { Preparation } from '../domain/cluster.ts';
import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { HostFacts, UnitFacts } from '../domain/observed.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { sha256 } from '../lib/hash.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { firewallDifference, isEmptyFirewall } from '../render/firewall-rules.ts';
import { isPreparationFile, isPrepared } from '../render/preparations.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { isOwnName, manifestsDir } from '../rke2/paths.ts';
import { compareMarker, type MarkerChanges } from './compare-marker.ts';

const NO_FIREWALL: FirewallRecord = { zone: '', ports: [], richRules: [], trustedSources: [], ipsets: {} };

/** What differs between a node as it is and as it must become; null or empty = nothing to do there. */
export interface NodeChanges {
  readonly marker: MarkerChanges;
  readonly stage: boolean;
  readonly install: boolean;
  /** Preparations that the file asks for and the host lacks. */
  readonly prepare: readonly Preparation[];
  readonly files: readonly RenderedFile[];
  /** Files to be taken away: what an unfinished join left, what once came from the file and has left it. */
  readonly removed: readonly string[];
  readonly firewall: {
    readonly add: FirewallRecord;
    readonly remove: FirewallRecord;
    readonly reload: boolean;
  } | null;
  /**
   * `first`: was never seen READY, and is not up; `stopped`: is down or disabled; `changed`: what it reads only at start
   * is new; `unseen`: runs, but a run that was cut off never saw it READY (and a voter).
   */
  readonly start: 'first' | 'stopped' | 'changed' | 'unseen' | null;
  /** True where a process that runs, READY or not, has read at its start what is new now. */
  readonly restart: boolean;
}

/** What the state holds of a node. */
export interface Remembered {
  /** It has a record, and if it founds the cluster, the state says so. */
  readonly claimed: boolean;
  /** Its service has been READY. */
  readonly joined: boolean;
}

/** Holds a host's facts against what its node must be. */
export function compareNode(
  desired: DesiredNode,
  facts: HostFacts,
  { claimed, joined }: Remembered,
): NodeChanges {
  const install =
    !facts.rke2.binaries.some(
      (binary) => binary.path === `${desired.prefix}/bin/rke2` && binary.version === desired.marker.version,
    ) && !packaged(desired, facts);
  const files = desired.files.filter((file) => !isInPlace(file, facts));
  const surplus = surplusFiles(desired, facts);
  const readsAnew =
    install || files.some((file) => file.readAtStart) || surplus.some((path) => !isManifest(path, desired));
  const firewall = compareFirewall(desired, facts);
  const active = unitOf(desired, facts).active;
  return {
    marker: compareMarker(desired, facts, {
      claimed,
      surplus,
      closes: firewall !== null && !isEmptyFirewall(firewall.remove),
    }),
    stage: (install && desired.tarball !== null) || !hasImages(desired, facts),
    install,
    prepare: desired.prepare.filter((preparation) => !isPrepared(preparation, facts)),
    files,
    removed: [...(facts.rke2.files[JOIN_DROPIN_PATH] === undefined ? [] : [JOIN_DROPIN_PATH]), ...surplus],
    firewall,
    start: startReason(unitOf(desired, facts), { readsAnew, joined }),
    restart: readsAnew && active !== 'inactive' && active !== 'failed',
  };
}

/** RPMs put the binary below /usr, whatever the prefix says. */
function packaged(desired: DesiredNode, facts: HostFacts): boolean {
  return facts.rke2.rpm && facts.rke2.binaries.some((binary) => binary.version === desired.marker.version);
}

function isInPlace(file: RenderedFile, facts: HostFacts): boolean {
  const present = facts.rke2.files[file.path];
  if (present === undefined || Number.parseInt(present.mode, 8) !== Number.parseInt(file.mode, 8))
    return false;
  return file.content !== null && present.sha256 === sha256(file.content);
}

function hasImages(desired: DesiredNode, facts: HostFacts): boolean {
  return desired.images.every((image) =>
    facts.rke2.images.some(
      (present) =>
        present.name === image.name &&
        present.sizeBytes === image.sizeBytes &&
        present.mtime === contentStamp(image.sha256),
    ),
  );
}

function unitOf(desired: DesiredNode, facts: HostFacts): UnitFacts {
  return desired.planned.service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
}

/** What the marker calls ours, or bears our name, and the file asks for no more. */
function surplusFiles(desired: DesiredNode, facts: HostFacts): readonly string[] {
  const { marker, files } = facts.rke2;
  const ours = marker === null || marker === 'unreadable' ? [] : marker.files;
  const wanted = new Set([JOIN_DROPIN_PATH, ...desired.files.map((file) => file.path)]);
  const isOurs = (path: string) => ours.includes(path) || isOwnName(path, desired.marker.dataDir);
  return Object.keys(files)
    .filter((path) => !wanted.has(path) && isOurs(path) && !isPreparationFile(path))
    .sort();
}

/** RKE2 watches its manifests; everything else is read when the service starts. */
function isManifest(path: string, desired: DesiredNode): boolean {
  return path.startsWith(`${manifestsDir(desired.marker.dataDir)}/`);
}

/** A CA on the disk proves nothing: it comes early in a join that may never have ended. */
function startReason(
  unit: UnitFacts,
  { readsAnew, joined }: { readonly readsAnew: boolean; readonly joined: boolean },
): NodeChanges['start'] {
  if (unit.active !== 'active') return joined ? 'stopped' : 'first';
  if (!unit.enabled) return 'stopped';
  if (readsAnew) return 'changed';
  return joined ? null : 'unseen';
}

function compareFirewall(desired: DesiredNode, facts: HostFacts): NodeChanges['firewall'] {
  const before = recordedFirewall(facts.rke2.marker);
  if (facts.firewall.provider === 'none') return null;
  const wanted = desired.firewall ?? NO_FIREWALL;
  const present = presentFirewall(facts, wanted.zone);
  const add = firewallDifference(wanted, present);
  const surplus = firewallDifference(before, wanted);
  const remove = { ...intersection(surplus, presentFirewall(facts, before.zone)), zone: before.zone };
  if (isEmptyFirewall(add) && isEmptyFirewall(remove)) return null;
  // Containers outlive a service that is down, so only a host that has never run RKE2 is safe from a reload.
  const { server, agent, caHash, etcdData } = facts.rke2;
  const isIdle = [server, agent].every((unit) => unit.active === 'inactive');
  return { add, remove, reload: isIdle && caHash === null && !etcdData };
}

function recordedFirewall(marker: Marker | null | 'unreadable'): FirewallRecord {
  return marker === null || marker === 'unreadable' ? NO_FIREWALL : (marker.firewall ?? NO_FIREWALL);
}

/** What firewalld's files hold now, in the form of our record. */
function presentFirewall(facts: HostFacts, zoneName: string): FirewallRecord {
  if (facts.firewall.provider === 'none') return NO_FIREWALL;
  const zone = facts.firewall.zones[zoneName];
  return {
    zone: zoneName,
    ports: zone?.ports ?? [],
    richRules: zone?.richRules ?? [],
    trustedSources: facts.firewall.zones['trusted']?.sources ?? [],
    ipsets: facts.firewall.ipsets,
  };
}

/** Of what we once added only that which is still there, and only ipsets that would become unused. */
function intersection(surplus: FirewallRecord, present: FirewallRecord): FirewallRecord {
  const kept = (items: readonly string[], there: readonly string[]) =>
    items.filter((item) => there.includes(item));
  const ipsets = Object.entries(surplus.ipsets).flatMap(([name, entries]) => {
    const there = present.ipsets[name];
    return there === undefined ? [] : [[name, kept(entries, there)] as const];
  });
  return {
    zone: surplus.zone,
    ports: kept(surplus.ports, present.ports),
    richRules: kept(surplus.richRules, present.richRules),
    trustedSources: kept(surplus.trustedSources, present.trustedSources),
    ipsets: Object.fromEntries(
      ipsets.filter(([name, entries]) => entries.length > 0 || present.ipsets[name]?.length === 0),
    ),
  };
}
