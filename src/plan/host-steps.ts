import type { NodeKey } from '../domain/cluster.ts';
import type { PlannedFile, PlannedNode, Step, StepId, StepKind } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import { isEmptyFirewall, NO_FIREWALL } from '../render/firewall-rules.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import type { NodeChanges } from './compare-node.ts';
import type { DepartureTies } from './departure-steps.ts';
import { installWay } from './install-way.ts';
import { compareLabels } from './node-labels.ts';
import { keepStep } from './previous-steps.ts';
import { drains, gateOf } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** The kinds of steps that a host gets here; `K` ties a draft's parameters to its kind. */
type Draft<K extends StepKind = StepKind> = K extends StepKind
  ? Omit<Extract<Step, { readonly kind: K }>, 'id' | 'node' | 'needs' | 'after'> & {
      /** Where a host has two steps of one kind. */
      readonly id?: StepId;
      /** What it waits for beside the step before it on its host. */
      readonly needs?: readonly StepId[];
      readonly after?: readonly StepId[];
    }
  : never;

/** What the steps on one host wait for beside each other. */
export interface HostTies {
  /** Before anything is done there: the end of its leaving, for a node that comes back. */
  readonly prior: readonly StepId[];
  /** Before its service is touched. */
  readonly motion: DepartureTies;
  readonly joinable: PlannedNode | null;
  /** With these nobody else bears the node's name any more. */
  readonly formers: readonly StepId[];
  readonly matrixId: StepId | null;
  /** What must be out of the cluster before the firewall is closed for it. */
  readonly departed: readonly StepId[];
  /** Every node of this run has its release files: nothing is replaced before. */
  readonly staged: readonly StepId[];
  /** The first start of all, with which the cluster's CA is known; null: nobody starts. */
  readonly founding: StepId | null;
  /** Control planes for kubectl. */
  readonly planes: readonly NodeKey[];
  /** With these every server is what it is to be. */
  readonly motions: readonly StepId[];
}

/** The steps on one host, each waiting for the one before. */
export function hostSteps(input: UpInput, work: NodeWork, ties: HostTies): readonly Step[] {
  const isDrained = drains(work, input.cluster);
  return chainSteps(work.desired.planned, ties.prior, [
    ...keepStep(work),
    ...claimStep(input, work),
    ...ttlStep(work),
    // Before release files come: a reload would take away the rule by which this node hands them on, and the ports are tried
    // while they are still on their way.
    ...firewallStep(work),
    ...stageStep(work),
    ...(isInService(work) ? [] : installStep(input, work, ties)),
    ...prepareStep(work),
    ...(isDrained ? [drainStep(input, ties)] : []),
    ...(isInService(work) ? installStep(input, work, ties) : []),
    ...filesStep(work, ties),
    // A host that boots with no database, and names nobody whom it joins, founds a cluster of its own.
    ...asideStep(work),
    ...(isClosing(work) ? [] : releaseStep(work)),
    ...moveSteps(work, ties),
    ...startStep(work, ties),
    ...uncordonStep(work, isDrained, ties),
    ...chartsStep(input, work, ties),
    ...labelStep(input, work, ties),
    ...(isClosing(work) ? [...closeStep(work, ties), ...releaseStep(work)] : []),
  ]);
}

function chainSteps(node: PlannedNode, prior: readonly StepId[], drafts: readonly Draft[]): readonly Step[] {
  const ids = drafts.map((draft) => draft.id ?? stepId(draft.kind, node));
  return drafts.map((draft, index): Step => {
    const ties = {
      id: ids[index] ?? '',
      node,
      needs: [...new Set([...(index === 0 ? prior : ids.slice(index - 1, index)), ...(draft.needs ?? [])])],
      after: draft.after ?? [],
    };
    return { ...draft, ...ties };
  });
}

function claimStep(input: UpInput, { desired, changes, facts, move }: NodeWork): readonly Draft<'claim'>[] {
  if (changes.marker.first === null) return [];
  const { planned, bootstraps } = desired;
  return [
    {
      kind: 'claim',
      reason:
        facts.rke2.marker === null
          ? 'the host is new to this cluster'
          : move !== null
            ? 'its machine has another address'
            : 'what belongs to us on this host has changed',
      marker: changes.marker.first,
      bootstrap: bootstraps && input.state.bootstrapNodeId !== planned.id,
      ...(move === null ? {} : { move: { mark: move.name, stranded: move.stranded } }),
    },
  ];
}

/** Before anything else comes onto the host, and without waiting for anybody: whoever runs this may be gone the next moment. */
function ttlStep({ changes: { ttl } }: NodeWork): readonly Draft<'set-ttl'>[] {
  if (ttl === null) return [];
  const { seconds, reason, files } = ttl;
  return [{ kind: 'set-ttl', reason, seconds, files: files.map(plannedFile) }];
}

function plannedFile({ path, mode, content }: RenderedFile): PlannedFile {
  return { path, mode, sha256: content === null ? null : sha256(content) };
}

/** What was taken away is in the marker no more. */
function releaseStep({ desired, changes }: NodeWork): readonly Draft<'claim'>[] {
  if (changes.marker.last === null) return [];
  return [
    {
      kind: 'claim',
      id: `${stepId('claim', desired.planned)} again`,
      reason: 'what was taken away is ours no more',
      marker: changes.marker.last,
      bootstrap: false,
    },
  ];
}

function stageStep({ desired, changes, facts }: NodeWork): readonly Draft<'stage-artifacts'>[] {
  if (!changes.stage) return [];
  return [
    {
      kind: 'stage-artifacts',
      reason: 'release files are missing on the host',
      arch: facts.arch,
      tarball: changes.install ? desired.tarball : null,
      images: desired.images,
      ...(desired.from === undefined ? {} : { from: desired.from }),
    },
  ];
}

function isInService({ changes }: NodeWork): boolean {
  return changes.start === 'changed' || changes.start === 'moved';
}

/**
 * On a node in service it is a part of the restart: a service that fell in between would come up as the new version. On a
 * new one it comes early, as a preparation may be made of what the release brings.
 */
function installStep(input: UpInput, work: NodeWork, ties: HostTies): readonly Draft<'install'>[] {
  const { desired, changes, facts } = work;
  if (!changes.install) return [];
  const [present] = facts.rke2.binaries;
  return [
    {
      kind: 'install',
      reason:
        present === undefined
          ? `RKE2 ${input.version} is not installed`
          : `the host has RKE2 ${present.version}, and the cluster is to run ${input.version}`,
      version: input.version,
      way: installWay(input, desired),
      obsolete: obsoleteImages(work),
      ...(isInService(work)
        ? { needs: ties.motion.needs, after: [...ties.motion.after, ...ties.staged] }
        : afterPorts(work, ties)),
    },
  ];
}

/** Who waits for the first server anyway unpacks when the ports have been tried: nobody can start before. */
function afterPorts(
  { desired, changes }: NodeWork,
  { founding, matrixId }: HostTies,
): Partial<DepartureTies> {
  const isFirst = founding === null || founding === stepId('start-service', desired.planned);
  return isFirst || matrixId === null || changes.start !== 'first' ? {} : { after: [matrixId] };
}

/** RKE2 imports whatever lies in agent/images at every start. */
function obsoleteImages({ desired, facts }: NodeWork): readonly string[] {
  const { marker, images } = facts.rke2;
  if (marker === null || marker === 'unreadable') return [];
  const ours = marker.installed?.images.map(({ name }) => name) ?? [];
  const wanted = desired.images.map(({ name }) => name);
  return images.map(({ name }) => name).filter((name) => ours.includes(name) && !wanted.includes(name));
}

function prepareStep({ desired, changes }: NodeWork): readonly Draft<'prepare-host'>[] {
  if (changes.prepare.length === 0) return [];
  return [
    {
      kind: 'prepare-host',
      reason: 'the file asks for it under `prepare`',
      preparations: changes.prepare,
      prefix: desired.prefix,
    },
  ];
}

function drainStep({ cluster }: UpInput, ties: HostTies): Draft<'drain'> {
  return {
    kind: 'drain',
    reason: 'its service starts anew, and the file asks to empty it first (upgrade_strategy.drain)',
    via: ties.planes,
    input: cluster.upgrade.drainInput,
    needs: ties.motion.needs,
    after: [...ties.motion.after, ...ties.staged],
  };
}

function firewallStep({ changes }: NodeWork): readonly Draft<'open-firewall'>[] {
  const { firewall } = changes;
  if (firewall === null || isEmptyFirewall(firewall.add)) return [];
  return [
    {
      kind: 'open-firewall',
      reason: 'firewalld does not let RKE2 through as it must',
      ...firewall,
      remove: { ...NO_FIREWALL, zone: firewall.remove.zone },
    },
  ];
}

/** What is no longer needed is closed last: its peers need it as long as the node, or a member that goes, is what it was. */
function isClosing({ changes }: NodeWork): boolean {
  return changes.firewall !== null && !isEmptyFirewall(changes.firewall.remove);
}

function closeStep(
  { desired, changes }: NodeWork,
  { departed }: HostTies,
): readonly Draft<'open-firewall'>[] {
  if (changes.firewall === null) return [];
  const { add, remove } = changes.firewall;
  return [
    {
      kind: 'open-firewall',
      id: `${stepId('open-firewall', desired.planned)} again`,
      reason: 'what it let through is needed no more',
      add: { ...NO_FIREWALL, zone: add.zone },
      remove,
      reload: false,
      needs: departed,
    },
  ];
}

/** It was away when etcd was made anew: with its old database it would wait for its old peers for ever. */
function asideStep({ record }: NodeWork): readonly Draft<'move-database'>[] {
  if (record?.leftBehind === undefined) return [];
  return [
    {
      kind: 'move-database',
      reason: 'it was away when etcd was made anew, and its database is of before',
      mark: record.leftBehind,
    },
  ];
}

function filesStep(work: NodeWork, ties: HostTies): readonly Draft<'write-files'>[] {
  const { changes } = work;
  if (changes.files.length + changes.removed.length === 0) return [];
  return [
    {
      kind: 'write-files',
      reason: filesReason(changes),
      files: changes.files.map(plannedFile),
      removed: changes.removed,
      ...filesTies(work, ties),
    },
  ];
}

/**
 * Where nothing runs, nor would after a boot, nobody reads them before the start: they wait for no turn, only for the
 * server that shows the CA which they pin.
 */
function filesTies(
  { desired, changes, facts }: NodeWork,
  { motion, founding }: HostTies,
): Partial<DepartureTies> {
  if (changes.start === null) return {};
  const { server, agent } = facts.rke2;
  const isAtRest = [server, agent].every(({ active, enabled }) => active === 'inactive' && !enabled);
  const isWhole = changes.files.every(({ content }) => content !== null);
  const turn = { needs: motion.needs, after: motion.after };
  if (changes.start !== 'first' || !isAtRest) return turn;
  if (isWhole) return {};
  return founding === null || founding === stepId('start-service', desired.planned)
    ? turn
    : { needs: [founding] };
}

/** RKE2 does not start where etcd knows its only member by another address than the host has. */
function moveSteps({ move }: NodeWork, { motion }: HostTies): readonly Draft[] {
  if (move?.how !== 'reset') return [];
  return [
    {
      kind: 'stop-service',
      reason: 'its database is copied, and then changed while nothing runs',
      containers: true,
      ...motion,
    },
    {
      kind: 'reset-etcd',
      reason: 'etcd knows its only member by the address that it had before',
      snapshot: null,
      mark: move.mark,
      leftBehind: [],
      forgotten: [],
    },
  ];
}

function startStep({ desired, changes }: NodeWork, ties: HostTies): readonly Draft<'start-service'>[] {
  if (changes.start === null) return [];
  const node = desired.planned;
  const { joinable, matrixId, motion, formers } = ties;
  const joins = changes.start === 'first' && !desired.bootstraps && joinable?.key !== node.key;
  const target = joins ? joinable : null;
  return [
    {
      kind: 'start-service',
      reason: START_REASONS[changes.start],
      join: target === null ? null : { key: target.key, address: target.address },
      voter: node.roles.includes('etcd'),
      restart: changes.restart,
      needs: [...motion.needs, ...formers, ...(matrixId === null ? [] : [matrixId])],
      after: motion.after,
    },
  ];
}

/** Charts of the new version need an API server of the new version, and must be through before the next server goes. */
function chartsStep({ cluster }: UpInput, work: NodeWork, ties: HostTies): readonly Draft<'await-charts'>[] {
  if (gateOf(work, cluster) !== stepId('await-charts', work.desired.planned)) return [];
  return [
    {
      kind: 'await-charts',
      reason: 'RKE2 brings its charts to the new version',
      via: [work.desired.planned.key, ...ties.planes.filter((key) => key !== work.desired.planned.key)],
    },
  ];
}

/** A running node takes labels and taints from the API alone; once the servers rest, as any of them may be asked. */
function labelStep(
  input: UpInput,
  work: NodeWork,
  { planes, motions }: HostTies,
): readonly Draft<'label-node'>[] {
  const changes = compareLabels(input, work);
  if (changes === null) return [];
  const { labels, taints } = changes;
  const names = [
    ...[...Object.keys(labels.set), ...labels.remove],
    ...[...taints.set, ...taints.remove].map(({ key, effect }) => `${key}:${effect}`),
  ];
  return [
    {
      kind: 'label-node',
      reason: `on its Node ${[...new Set(names)].join(', ')} ${names.length === 1 ? 'is' : 'are'} otherwise than the file says`,
      via: planes,
      labels,
      taints,
      after: motions,
    },
  ];
}

/** Also for a node that an earlier run had emptied and then lost. */
function uncordonStep(work: NodeWork, isDrained: boolean, ties: HostTies): readonly Draft<'uncordon'>[] {
  if (!isDrained && !work.isCordonedByUs) return [];
  return [
    {
      kind: 'uncordon',
      reason: isDrained ? 'its service is back' : 'a run that was cut off had cordoned it',
      via: ties.planes,
    },
  ];
}

function filesReason({ files, removed }: NodeChanges): string {
  const names = (paths: readonly string[]) =>
    paths.map((path) => path.slice(path.lastIndexOf('/') + 1)).join(', ');
  const written = files.length === 0 ? [] : [`${names(files.map((file) => file.path))} to be written`];
  const gone = removed.length === 0 ? [] : [`${names(removed)} to be taken away`];
  return [...written, ...gone].join('; ');
}

const START_REASONS: Readonly<Record<NonNullable<NodeChanges['start']>, string>> = {
  first: 'the service has not been READY yet',
  unseen: 'a run that was cut off did not see it READY',
  stopped: 'the service is not running, or not enabled',
  changed: 'what it reads only at start has changed',
  moved: 'it has another address',
  stranded: 'the servers through which it reached the cluster have other addresses',
  unregistered: 'its Node is gone from the cluster, and comes back when the service starts',
};
