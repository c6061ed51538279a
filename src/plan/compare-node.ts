import type { Preparation } from '../domain/cluster.ts';
import type { HostFacts, UnitFacts } from '../domain/observed.ts';
import type { NodeRecord } from '../domain/state.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { isAdopted } from '../render/adopted-files.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import type { DesiredNode } from '../render/desired-node.ts';
import { isEmptyFirewall } from '../render/firewall-rules.ts';
import { isPreparationFile, isPrepared } from '../render/preparations.ts';
import { type ReadInput, readsAnew } from '../render/reads-anew.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import { startStamp } from '../render/start-stamp.ts';
import { isOwnName } from '../rke2/paths.ts';
import { isTtlPath } from '../rke2/ttl-paths.ts';
import { comesBack } from './comes-back.ts';
import { compareFirewall, type FirewallChange } from './compare-firewall.ts';
import { compareMarker, type MarkerChanges } from './compare-marker.ts';
import { compareTtl, type TtlChange } from './compare-ttl.ts';
import { isOnlyDrift, readableMarker, stateOfFile } from './hand-made.ts';

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
  readonly firewall: FirewallChange | null;
  /** What is to be done about its time to live; its files are not among the others. */
  readonly ttl: TtlChange | null;
  /**
   * `first`: was never seen READY, and is not up; `stopped`: is down or disabled; `changed`: what it reads only at start
   * is new; `unseen`: runs, but a run that was cut off never saw it READY (and a voter); `unregistered`: runs, but
   * somebody deleted its Node, which comes back when the service starts; `moved`: it has another address; `stranded`: the
   * servers through which it reached the cluster have.
   */
  readonly start: 'first' | 'stopped' | 'changed' | 'unseen' | 'unregistered' | 'moved' | 'stranded' | null;
  /** True where a process that runs, READY or not, has read at its start what is new now. */
  readonly restart: boolean;
}

/** What the state and the cluster's API hold of a node. */
export interface Remembered {
  /** It has a record, and if it founds the cluster, the state says so. */
  readonly claimed: boolean;
  /** Its service has been READY. */
  readonly joined: boolean;
  readonly record: NodeRecord | null;
  /** False only where an API server answered and has no Node of that name. */
  readonly registered: boolean;
  /** Leave alone what is otherwise only because somebody changed it on the host; nodes that never joined apart. */
  readonly keepDrift: boolean;
  /** The time to live begins anew on every host. */
  readonly renewsTtl: boolean;
  /** Its own move, or that it is cut off by another's. */
  readonly displaced: 'reset' | 'restart' | 'stranded' | null;
}

/** Holds a host's facts against what its node must be. */
export function compareNode(desired: DesiredNode, facts: HostFacts, remembered: Remembered): NodeChanges {
  const keepDrift = remembered.keepDrift && remembered.joined;
  const keepProgram = keepDrift && isSettled(desired, remembered);
  const install = !keepProgram && needsInstall(desired, facts);
  const wanting = desired.files.filter(
    (file) => !isTtlPath(file.path) && stateOfFile(file, facts) !== 'in-place',
  );
  const files = keepDrift ? wanting.filter((file) => !isOnlyDrift(file, facts)) : wanting;
  const surplus = surplusFiles(desired, facts, keepDrift);
  const isNew =
    install ||
    readsAnew({
      ...readInput(desired, facts, remembered),
      touched: new Set(files.map(({ path }) => path)),
      // What an adoption found says the same as what is written in its place.
      removed: surplus.filter((path) => !isTtlPath(path) && !isAdopted(path, facts, remembered.record)),
    });
  const firewall = compareFirewall(desired, facts, { keepDrift });
  const unit = unitOf(desired, facts);
  const isGone = !remembered.registered && comesBack(desired, facts);
  // What runs there of before is stopped with its database.
  const isBehind = remembered.record?.leftBehind !== undefined;
  const start = isBehind ? 'first' : startReason(unit, { ...remembered, registered: !isGone }, isNew);
  const isUp = unit.active !== 'inactive' && unit.active !== 'failed';
  const changes: Omit<NodeChanges, 'marker'> = {
    stage: (install && desired.tarball !== null) || !(keepProgram || hasImages(desired, facts)),
    install,
    prepare: desired.prepare.filter((preparation) => !isPrepared(preparation, facts)),
    files,
    removed: [
      ...(facts.rke2.files[JOIN_DROPIN_PATH] === undefined ? [] : [JOIN_DROPIN_PATH]),
      ...surplus.filter((path) => !isTtlPath(path)),
    ],
    ttl: compareTtl(desired, facts, { renews: remembered.renewsTtl, keepDrift }),
    firewall,
    start,
    // Before etcd is made anew its service is stopped.
    restart:
      isUp &&
      !isBehind &&
      remembered.displaced !== 'reset' &&
      (isNew || start === 'unregistered' || start === 'moved' || start === 'stranded'),
  };
  const marker = compareMarker(desired, facts, {
    claimed: remembered.claimed,
    surplus,
    closes: firewall !== null && !isEmptyFirewall(firewall.remove),
  });
  const isLeft = keepDrift && remembered.claimed && readableMarker(facts) === null && isNothing(changes);
  return { ...changes, marker: isLeft ? { first: null, last: null } : marker };
}

function isNothing({
  stage,
  install,
  prepare,
  files,
  removed,
  firewall,
  ttl,
  start,
}: Omit<NodeChanges, 'marker'>) {
  const some = prepare.length + files.length + removed.length > 0;
  return !some && !stage && !install && firewall === null && ttl === null && start === null;
}

function needsInstall(desired: DesiredNode, facts: HostFacts): boolean {
  const { version } = desired.marker;
  const path = `${desired.prefix}/bin/rke2`;
  const isThere = facts.rke2.binaries.some((binary) => binary.path === path && binary.version === version);
  return !isThere && !isPackaged(desired, facts);
}

/** RPMs put the binary below /usr, whatever the prefix says. */
function isPackaged(desired: DesiredNode, facts: HostFacts): boolean {
  return facts.rke2.rpm && facts.rke2.binaries.some((binary) => binary.version === desired.marker.version);
}

/** True when its service was READY with exactly what is wanted now, so that another program there is not our doing. */
function isSettled(desired: DesiredNode, { joined, record }: Remembered): boolean {
  return joined && record?.startedWith === startStamp(desired.marker.version, desired.files);
}

function readInput(
  { marker, files }: DesiredNode,
  facts: HostFacts,
  { joined, record }: Remembered,
): Omit<ReadInput, 'touched' | 'removed'> {
  return {
    version: marker.version,
    dataDir: marker.dataDir,
    rendered: files,
    host: { present: facts.rke2.files, written: readableMarker(facts)?.written ?? {} },
    startedWith: joined ? record?.startedWith : undefined,
  };
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

/** What the marker calls ours, or bears our name, and the file asks for no more; the marker alone where drift is kept. */
function surplusFiles(desired: DesiredNode, facts: HostFacts, keepDrift: boolean): readonly string[] {
  const ours = readableMarker(facts)?.files ?? [];
  const wanted = new Set([
    ...[JOIN_DROPIN_PATH, ...desired.standing],
    ...desired.files.map((file) => file.path),
  ]);
  const isOurs = (path: string) =>
    ours.includes(path) || (!keepDrift && isOwnName(path, desired.marker.dataDir));
  return Object.keys(facts.rke2.files)
    .filter((path) => !wanted.has(path) && isOurs(path) && !isPreparationFile(path))
    .sort();
}

/** A CA on the disk proves nothing: it comes early in a join that may never have ended. */
function startReason(
  unit: UnitFacts,
  { joined, registered, keepDrift, record, displaced }: Remembered,
  isNew: boolean,
): NodeChanges['start'] {
  if (!joined) {
    if (unit.active !== 'active') return 'first';
    if (!unit.enabled) return 'stopped';
    return isNew ? 'changed' : 'unseen';
  }
  // What a run of ours has not brought to its end is no drift.
  const keeps = keepDrift && record?.startedWith !== '';
  if (displaced === 'reset' || displaced === 'restart') return 'moved';
  if (unit.active !== 'active' && keeps) return null;
  if (displaced === 'stranded') return 'stranded';
  if (unit.active !== 'active') return 'stopped';
  if (!unit.enabled && !keeps) return 'stopped';
  if (!registered && !keeps) return 'unregistered';
  return isNew ? 'changed' : null;
}
