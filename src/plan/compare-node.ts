import { isDeepStrictEqual } from 'node:util';
import type { Preparation } from '../domain/cluster.ts';
import type { FirewallRecord, Marker } from '../domain/marker.ts';
import type { HostFacts } from '../domain/observed.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { sha256 } from '../lib/hash.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { firewallDifference, isEmptyFirewall } from '../render/firewall-rules.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { CONFIG_PATH, REGISTRIES_PATH } from '../rke2/paths.ts';
import { CIS_SYSCTLS, INOTIFY } from '../rke2/requirements.ts';

const NO_FIREWALL: FirewallRecord = { zone: '', ports: [], richRules: [], trustedSources: [], ipsets: {} };

/** What differs between a node as it is and as it must become; null or empty = nothing to do there. */
export interface NodeChanges {
  readonly claim: boolean;
  readonly stage: boolean;
  readonly install: boolean;
  /** Preparations that the file asks for and the host lacks. */
  readonly prepare: readonly Preparation[];
  readonly files: readonly RenderedFile[];
  readonly removed: readonly string[];
  readonly firewall: {
    readonly add: FirewallRecord;
    readonly remove: FirewallRecord;
    readonly reload: boolean;
  } | null;
  /**
   * `first`: has never been READY; `stopped`: is down or disabled; `changed`: what it reads only at start is new;
   * `unseen`: runs, but a run that was cut off never saw it READY (and a voter).
   */
  readonly start: 'first' | 'stopped' | 'changed' | 'unseen' | null;
}

/** Holds a host's facts against what its node must be; `joined`: the state knows that its service has been READY. */
export function compareNode(desired: DesiredNode, facts: HostFacts, joined: boolean): NodeChanges {
  const install =
    !facts.rke2.binaries.some(
      (binary) => binary.path === `${desired.prefix}/bin/rke2` && binary.version === desired.marker.version,
    ) && !packaged(desired, facts);
  const files = desired.files.filter((file) => !isInPlace(file, facts));
  const removed = Object.keys(facts.rke2.files).includes(JOIN_DROPIN_PATH) ? [JOIN_DROPIN_PATH] : [];
  return {
    claim: !isDeepStrictEqual(facts.rke2.marker, desired.marker),
    stage: (install && desired.tarball !== null) || !hasImages(desired, facts),
    install,
    prepare: desired.prepare.filter((preparation) => !isPrepared(preparation, facts)),
    files,
    removed,
    firewall: compareFirewall(desired, facts),
    start: startReason(desired, facts, { install, files, joined }),
  };
}

/** What a preparation brings, held against what the host has. */
function isPrepared(preparation: Preparation, facts: HostFacts): boolean {
  switch (preparation) {
    case 'network-manager':
      return facts.networkManager.unmanagedFile;
    case 'cis-sysctl':
      return Object.entries(CIS_SYSCTLS).every(([name, value]) => facts.sysctls[name] === value);
    case 'cis-user':
      return facts.users.etcd;
    case 'inotify':
      return facts.inotify.instances >= INOTIFY.instances && facts.inotify.watches >= INOTIFY.watches;
  }
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

function startReason(
  desired: DesiredNode,
  facts: HostFacts,
  { install, files, joined }: { install: boolean; files: readonly RenderedFile[]; joined: boolean },
): NodeChanges['start'] {
  const unit = desired.planned.service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
  if (unit.active !== 'active') return facts.rke2.caHash === null ? 'first' : 'stopped';
  if (!unit.enabled) return 'stopped';
  const readAtStart = files.some((file) => file.path === CONFIG_PATH || file.path === REGISTRIES_PATH);
  if (install || readAtStart) return 'changed';
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
  const running = [facts.rke2.server, facts.rke2.agent].some(
    (unit) => unit.active !== 'inactive' && unit.active !== 'failed',
  );
  return { add, remove, reload: !running };
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
