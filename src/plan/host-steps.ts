import type { Step } from '../domain/plan.ts';
import { chainSteps, type Draft } from './draft-step.ts';
import { filesStep, ttlStep } from './file-steps.ts';
import { closeStep, firewallStep, isClosing } from './firewall-steps.ts';
import type { HostTies } from './host-ties.ts';
import { claimStep, releaseStep } from './marker-steps.ts';
import { compareLabels } from './node-labels.ts';
import { keepStep } from './previous-steps.ts';
import { installStep, isInService, stageStep } from './release-steps.ts';
import { asideStep, drainStep, moveSteps, startStep, uncordonStep } from './service-steps.ts';
import { drains, gateOf } from './start-order.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

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
