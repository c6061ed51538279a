import type { Step, StepId } from '../domain/plan.ts';
import { sha256 } from '../lib/hash.ts';
import { factsOf } from '../render/desired-node.ts';
import { manifestPath, renderManifests } from '../render/manifests.ts';
import { deletionRank } from '../rke2/manifest-objects.ts';
import { type AddonLoss, addonLosses } from './addon-losses.ts';
import { stepId } from './step-id.ts';
import type { NodeWork, UpInput } from './up-input.ts';

/** When the cluster can be asked: which node's API, and the steps that must come first. */
export interface ApiReadiness {
  readonly plane: NodeWork;
  readonly needs: readonly StepId[];
  readonly after: readonly StepId[];
}

/**
 * Deletes from the cluster what manifests brought that the file no longer names, once no reached node holds the file any
 * more; one after the other, kinds and namespaces last. What another manifest of the file brings or needs stays.
 */
export function deleteAddonSteps(
  input: UpInput,
  work: readonly NodeWork[],
  { plane, needs, after }: ApiReadiness,
): readonly Step[] {
  const manifests = renderManifests(input.cluster, input.addonTexts);
  const losses = addonLosses(input.state, manifests, input.cluster).filter(({ whole }) => whole);
  const planes = input.cluster.nodes.filter(({ roles }) => roles.includes('controlplane'));
  const forget = planes.every(({ key }) => factsOf(input.observed, key) !== null);
  const node = plane.desired.planned;
  const ordered = losses.toReversed().toSorted((one, other) => lastRank(one) - lastRank(other));
  return ordered.map(({ name, objects }, index): Step => {
    const path = manifestPath(input.cluster.dataDir, name);
    const holders = work.filter(({ changes }) => changes.removed.includes(path));
    const before = ordered[index - 1];
    return {
      kind: 'delete-addon',
      id: deletionId(name),
      node,
      reason: 'the file no longer names it',
      needs: [...needs, ...holders.map(({ desired }) => stepId('write-files', desired.planned))],
      after: before === undefined ? after : [...after, deletionId(before.name)],
      name,
      objects,
      forget,
    };
  });
}

/** A controller must outlive the objects that wait for it: those who bring kinds and namespaces go after those who do not. */
function lastRank({ objects }: AddonLoss): number {
  return Math.max(0, ...objects.map(deletionRank));
}

function deletionId(name: string): string {
  return `delete-addon ${name}`;
}

/** Sees that RKE2 applies the manifests that this run writes. */
export function verifyAddonSteps(
  input: UpInput,
  work: readonly NodeWork[],
  { plane, needs, after }: ApiReadiness,
): readonly Step[] {
  const written = new Set(work.flatMap(({ changes }) => changes.files.map(({ path }) => path)));
  const addons = renderManifests(input.cluster, input.addonTexts).flatMap(({ name, content }) =>
    content !== null && written.has(manifestPath(input.cluster.dataDir, name))
      ? [{ name, sha256: sha256(content) }]
      : [],
  );
  if (addons.length === 0) return [];
  const node = plane.desired.planned;
  const writers = work
    .filter(({ changes }) => changes.files.length > 0)
    .map(({ desired }) => stepId('write-files', desired.planned));
  return [
    {
      kind: 'verify-addons',
      id: stepId('verify-addons', node),
      node,
      reason: 'RKE2 is to apply them',
      needs,
      after: [...writers, ...after],
      addons,
    },
  ];
}
