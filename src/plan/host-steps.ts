import type { HostFacts } from '../domain/observed.ts';
import type { PlannedNode, Step, StepId, StepKind } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import { factsOf } from '../render/desired-node.ts';
import type { NodeChanges } from './compare-node.ts';
import { installWay } from './install-way.ts';
import { type StartOrder, startNeeds } from './start-order.ts';
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

/** The steps on one host, each waiting for the one before; the start also waits for those that must come first. */
export function hostSteps(
  input: UpInput,
  work: NodeWork,
  order: StartOrder,
  matrixId: StepId | null,
): readonly Step[] {
  const facts = factsOf(input.observed, work.desired.planned.key);
  if (facts === null) return [];
  return chainSteps(work.desired.planned, [
    ...claimStep(input, work, facts),
    ...softwareSteps(input, work, facts),
    ...prepareStep(work),
    ...firewallStep(work),
    ...filesStep(work, order),
    ...releaseStep(work),
    ...startStep(work, order, matrixId),
  ]);
}

function chainSteps(node: PlannedNode, drafts: readonly Draft[]): readonly Step[] {
  const ids = drafts.map((draft) => draft.id ?? stepId(draft.kind, node));
  return drafts.map((draft, index): Step => {
    const ties = {
      id: ids[index] ?? '',
      node,
      needs: [...ids.slice(Math.max(index - 1, 0), index), ...(draft.needs ?? [])],
      after: draft.after ?? [],
    };
    return { ...draft, ...ties };
  });
}

function claimStep(
  input: UpInput,
  { desired, changes }: NodeWork,
  { rke2 }: HostFacts,
): readonly Draft<'claim'>[] {
  if (changes.marker.first === null) return [];
  const { planned, bootstraps } = desired;
  const isNew = rke2.marker === null;
  return [
    {
      kind: 'claim',
      reason: isNew ? 'the host is new to this cluster' : 'what belongs to us on this host has changed',
      marker: changes.marker.first,
      bootstrap: bootstraps && input.state.bootstrapNodeId !== planned.id,
    },
  ];
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

function softwareSteps(input: UpInput, { desired, changes }: NodeWork, facts: HostFacts): readonly Draft[] {
  const stage: Draft<'stage-artifacts'> = {
    kind: 'stage-artifacts',
    reason: 'release files are missing on the host',
    arch: facts.arch,
    tarball: changes.install ? desired.tarball : null,
    images: desired.images,
  };
  const install: Draft<'install'> = {
    kind: 'install',
    reason: `RKE2 ${input.version} is not installed`,
    version: input.version,
    way: installWay(input, desired),
    obsolete: [],
  };
  return [...(changes.stage ? [stage] : []), ...(changes.install ? [install] : [])];
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

function firewallStep({ changes }: NodeWork): readonly Draft<'open-firewall'>[] {
  if (changes.firewall === null) return [];
  return [
    {
      kind: 'open-firewall',
      reason: 'firewalld does not let RKE2 through as it must',
      ...changes.firewall,
    },
  ];
}

function filesStep({ desired, changes }: NodeWork, order: StartOrder): readonly Draft<'write-files'>[] {
  if (changes.files.length + changes.removed.length === 0) return [];
  return [
    {
      kind: 'write-files',
      reason: filesReason(changes),
      files: changes.files.map(({ path, mode, content }) => ({
        path,
        mode,
        sha256: content === null ? null : sha256(content),
      })),
      removed: changes.removed,
      ...(changes.start === null ? {} : startNeeds(desired.planned, order)),
    },
  ];
}

function startStep(
  { desired, changes }: NodeWork,
  order: StartOrder,
  matrixId: StepId | null,
): readonly Draft<'start-service'>[] {
  if (changes.start === null) return [];
  const node = desired.planned;
  const joins = changes.start === 'first' && !desired.bootstraps && order.joinable?.key !== node.key;
  const target = joins ? order.joinable : null;
  const { needs, after } = startNeeds(node, order);
  return [
    {
      kind: 'start-service',
      reason: START_REASONS[changes.start],
      join: target === null ? null : { key: target.key, address: target.address },
      voter: node.roles.includes('etcd'),
      restart: changes.restart,
      needs: matrixId === null ? needs : [...needs, matrixId],
      after,
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
};
